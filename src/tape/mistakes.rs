//! What can be done wrong with a tape, in words.

use std::panic::Location;

use super::kept::Site;
use super::recording::MOST;
use super::{Recording, Value};
use crate::error::{mistake, mistake_at};

#[cold]
#[track_caller]
pub(crate) fn foreign_input(at: &Location<'_>, operation: &str) -> ! {
    foreign(at, &format!("an input of `{operation}` belongs to another tape"))
}

#[cold]
#[track_caller]
pub(super) fn foreign(at: &Location<'_>, what: &str) -> ! {
    mistake_at(
        at,
        what,
        &[],
        "a node's number means something on its own tape only",
        "create all variables on one tape, and call backward after the last clear",
    )
}

#[cold]
#[track_caller]
pub(super) fn not_single((rows, columns): (usize, usize)) -> ! {
    mistake(
        &format!("backward must start from a single number, not from ({rows}, {columns})"),
        &[format!("this output has {} entries", rows * columns)],
        "a gradient says how one number changes; many outputs have a Jacobian",
        "call .sum() or .mean() on the output first, then .backward()",
    )
}

#[cold]
#[track_caller]
pub(super) fn misshapen<V: Value>(
    recording: &Recording<V>,
    node: usize,
    what: &str,
    input: (usize, usize),
) -> ! {
    let Site { operation, at } = recording.site_of(node);
    mistake_at(
        at,
        &format!("a local derivative of `{}` {what}, its input is {input:?}", operation.name),
        &[format!("the node is {:?}", recording.nodes[node].value.shape())],
        "a gradient has one entry for each entry of its value, hence the same shape",
        &format!("let the local derivative return {input:?}; often a transpose is missing"),
    )
}

#[cold]
pub(super) fn full() -> ! {
    panic!("a tape holds at most {MOST} nodes and as many edges")
}
