//! Pictures of a [`Trace`](crate::trace::Trace), and of a training [`Run`]: pure functions from
//! data to text.
//!
//! Taught in `docs/03_tape.md`.

mod explorer;
mod graph;
mod json;
mod layout;
mod notebook;
mod page;
mod picture;
pub mod plot;
mod run;
pub mod stepper;
mod svg;
mod table;

pub use explorer::html;
pub use graph::dot;
pub use json::json;
pub use picture::svg;
pub use run::{Moment, Run, run_html};
pub use table::table;

use crate::tensor::{Local, Tensor};
use crate::trace::short;

/// A matrix with at most this many entries is small: they are shown.
const SMALL: usize = 6;

/// How to read what [`local`] writes.
const MAPS: &str = "G: upstream; D: slope of each entry; A, B: the other factor; t: transposed.";

/// A number, the entries of a small matrix (`;` ends a row), or a shape and a range.
pub(crate) fn summary(value: &Tensor) -> String {
    summary_with(value, short)
}

fn summary_with(value: &Tensor, short: impl Fn(f64) -> String) -> String {
    let (rows, columns) = value.shape();
    match rows * columns {
        1 => short(value.get(0, 0)),
        0 => format!("{:?}", (rows, columns)),
        2..=SMALL => {
            let row =
                |i| (0..columns).map(|j| short(value.get(i, j))).collect::<Vec<_>>().join(" ");
            format!("[{}]", (0..rows).map(row).collect::<Vec<_>>().join("; "))
        }
        _ if value.entries().any(f64::is_nan) => format!("{:?} with NaN", (rows, columns)),
        _ => {
            let least = value.entries().fold(f64::INFINITY, f64::min);
            let most = value.entries().fold(f64::NEG_INFINITY, f64::max);
            format!("{:?} in {}..{}", (rows, columns), short(least), short(most))
        }
    }
}

/// A local derivative: a number, or what becomes of the upstream gradient G.
pub(crate) fn local(local: &Local, number: impl Fn(f64) -> String) -> String {
    match local {
        Local::Scale(c) => number(*c),
        Local::Elementwise(d) if d.shape() == (1, 1) => number(d.get(0, 0)),
        Local::Elementwise(_) => "D * G".to_string(),
        Local::MatmulRight(_) => "G Bt".to_string(),
        Local::MatmulLeft(_) => "At G".to_string(),
        map => map.to_string(),
    }
}

/// The text, or its beginning where it is longer than `most` characters.
pub(crate) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}
