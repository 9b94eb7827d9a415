//! The trace table: read down for the forward pass, up for the backward pass.

use crate::tensor::{Compact, Local, Tensor};
use crate::trace::{Contribution, Frame, Operand, Trace};

/// One row per node, with its value; beside it, for each edge that carries a gradient back,
/// local derivative × upstream = product, and the input to which the product is added.
///
/// ```
/// use chainrule::{scalar::Tape, view};
/// let tape = Tape::new();
/// let x = tape.var(3.0).named("x");
/// let y = (2.0 * x).named("y");
/// let expected = "\
/// ## name op  in          value      local d   x upstream    = product to
/// 0 x    var      3.0000000000
/// 1 y    mul 2,#0 6.0000000000 2.0000000000 1.0000000000 2.0000000000 x
/// Read down: the forward pass. Read up: the backward pass.
/// ";
/// assert_eq!(view::table(&y.trace()), expected.replace("##", "#"));
/// ```
pub fn table(trace: &Trace) -> String {
    let titles = ["#", "name", "op", "in", "value", "local d", "x upstream", "= product", "to"];
    let mut rows = vec![titles.map(String::from)];
    let mut passages: Vec<Vec<&Contribution>> = vec![vec![]; trace.nodes.len()];
    for frame in &trace.frames {
        if let Frame::Backward(contribution) = frame {
            passages[contribution.node].push(contribution);
        }
    }
    for (k, node) in trace.nodes.iter().enumerate() {
        let mut row: [String; 9] = Default::default();
        row[0] = k.to_string();
        row[1] = node.name.clone();
        row[2] = node.operation.to_string();
        row[3] = inputs(&node.operands);
        row[4] = entry(&node.value);
        for passage in &passages[k] {
            row[5] = match &passage.local {
                Local::Scale(c) => decimals(*c),
                map => map.to_string(),
            };
            row[6] = entry(&passage.upstream);
            row[7] = entry(&passage.product);
            row[8] = trace.label(passage.input);
            rows.push(std::mem::take(&mut row));
        }
        if passages[k].is_empty() {
            rows.push(row);
        }
    }
    aligned(&rows) + "Read down: the forward pass. Read up: the backward pass.\n"
}

/// The numbers of the nodes that an operation used; plain numbers are marked off from them.
fn inputs(operands: &[Operand]) -> String {
    let numbers = operands.iter().any(|operand| matches!(operand, Operand::Number(_)));
    let text = |operand: &Operand| match operand {
        Operand::Node(k) if numbers => format!("#{k}"),
        Operand::Node(k) => k.to_string(),
        Operand::Number(number) => number.to_string(),
    };
    let all: Vec<String> = operands.iter().map(text).collect();
    match all.len() {
        0..=3 => all.join(","),
        count => format!("{},..{} more", all[0], count - 1),
    }
}

/// A number with ten decimals; of a matrix, the shape.
fn entry(value: &Tensor) -> String {
    match value.shape() {
        (1, 1) => decimals(value.get(0, 0)),
        shape => format!("{shape:?}"),
    }
}

fn decimals(number: f64) -> String {
    format!("{:.10}", Compact(number))
}

/// Columns as wide as their widest entry: words to the left, numbers to the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let words = matches!(column, 1..=3 | 8);
            line += &if words { format!(" {cell:<width$}") } else { format!(" {cell:>width$}") };
        }
        text += line[1..].trim_end();
        text.push('\n');
    }
    text
}
