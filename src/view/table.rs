//! The trace table: read down for the forward pass, up for the backward pass.

use super::{MAPS, SMALL, clip, local, summary};
use crate::tensor::{Compact, Tensor};
use crate::trace::{Contribution, Operand, Trace};

const WIDTH: usize = 80;
const LEGEND: &str = "Read down: forward. Read up: backward. In: #2 is the result of row 2.\n";

/// One row per node, with its value; beside it, for each edge that carries a gradient back,
/// local derivative × upstream = product, and the input to which the product is added. Of matrices
/// the shape; the entries of small ones follow below. As many decimals as fit in 80 columns.
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
/// Read down: forward. Read up: backward. In: ##2 is the result of row 2.
/// ";
/// assert_eq!(view::table(&y.trace()), expected.replace("##", "#"));
/// ```
pub fn table(trace: &Trace) -> String {
    let mut passages: Vec<Vec<&Contribution>> = vec![vec![]; trace.nodes.len()];
    for step in trace.steps() {
        passages[step.node].push(step);
    }
    let mut rows = vec![];
    // Wide entries cost decimals first, then letters of names.
    for (decimals, letters) in [(10, 8), (8, 8), (6, 8), (4, 8), (3, 6), (2, 4)] {
        rows = self::rows(trace, &passages, decimals, letters);
        if widths(&rows).iter().sum::<usize>() + rows[0].len() - 1 <= WIDTH {
            break;
        }
    }
    aligned(&rows) + &matrices(trace) + LEGEND
}

type Row = [String; 9];

fn rows(
    trace: &Trace,
    passages: &[Vec<&Contribution>],
    decimals: usize,
    letters: usize,
) -> Vec<Row> {
    let number = |x: f64| format!("{:.decimals$}", Compact(x));
    let entry = |value: &Tensor| match value.shape() {
        (1, 1) => number(value.get(0, 0)),
        shape => format!("{shape:?}"),
    };
    let titles = ["#", "name", "op", "in", "value", "local d", "x upstream", "= product", "to"];
    let mut rows = vec![titles.map(String::from)];
    for (k, node) in trace.nodes.iter().enumerate() {
        let mut row = Row::default();
        row[0] = k.to_string();
        row[1] = clip(&node.name, letters);
        row[2] = clip(node.operation.name, letters + 2);
        row[3] = inputs(&node.operands);
        row[4] = entry(&node.value);
        for step in &passages[k] {
            row[5] = local(&step.local, number);
            row[6] = entry(&step.upstream);
            row[7] = entry(&step.product);
            row[8] = clip(&trace.label(step.input), letters);
            rows.push(std::mem::take(&mut row));
        }
        if passages[k].is_empty() {
            row[5] = if node.used { "" } else { "not used" }.to_string();
            rows.push(row);
        }
    }
    rows
}

/// The rows that an operation used, and plain numbers.
fn inputs(operands: &[Operand]) -> String {
    let text = |operand: &Operand| operand.text(|k| format!("#{k}"));
    match operands {
        [first, _, _, ..] => format!("{},..{} more", text(first), operands.len() - 1),
        few => few.iter().map(text).collect::<Vec<_>>().join(","),
    }
}

/// Value and gradient of the small matrices, entry by entry.
fn matrices(trace: &Trace) -> String {
    if trace.nodes.iter().all(|node| node.value.shape() == (1, 1)) {
        return String::new();
    }
    let gradients = trace.gradients(trace.frames.len());
    let mut text = format!("{MAPS}\nSmall matrices, row by row, and dw, the gradient of w:\n");
    for (k, (node, gradient)) in trace.nodes.iter().zip(gradients).enumerate() {
        let entries = node.value.shape().0 * node.value.shape().1;
        if node.used && (2..=SMALL).contains(&entries) {
            let label = clip(&trace.label(k), 8);
            let line = |label: &str, value: &Tensor| {
                clip(&format!("{label:<9} {}", summary(value)), WIDTH) + "\n"
            };
            text += &line(&label, &node.value);
            text += &gradient.map_or(String::new(), |g| line(&format!("d{label}"), &g));
        }
    }
    text
}

/// The width of the widest entry in each column.
fn widths(rows: &[Row]) -> [usize; 9] {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    std::array::from_fn(|column| width(column).unwrap_or(0))
}

/// Columns side by side: words to the left, numbers to the right.
fn aligned(rows: &[Row]) -> String {
    let widths = widths(rows);
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
