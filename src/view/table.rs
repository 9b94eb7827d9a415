//! The trace table: read down for the forward pass, up for the backward pass.

use super::{clip, factor, summary};
use crate::tensor::{Compact, Tensor};
use crate::trace::{Contribution, Operand, Trace};

const WIDTH: usize = 80;

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
/// Read down: the forward pass. Read up: the backward pass.
/// ";
/// assert_eq!(view::table(&y.trace()), expected.replace("##", "#"));
/// ```
pub fn table(trace: &Trace) -> String {
    let mut passages: Vec<Vec<&Contribution>> = vec![vec![]; trace.nodes.len()];
    for step in trace.steps() {
        passages[step.node].push(step);
    }
    let mut text = String::new();
    for decimals in (4..=10).rev() {
        text = aligned(&rows(trace, &passages, decimals));
        if text.lines().all(|line| line.chars().count() <= WIDTH) {
            break;
        }
    }
    text + &small_matrices(trace) + "Read down: the forward pass. Read up: the backward pass.\n"
}

fn rows(trace: &Trace, passages: &[Vec<&Contribution>], decimals: usize) -> Vec<[String; 9]> {
    let number = |x: f64| format!("{:.decimals$}", Compact(x));
    let entry = |value: &Tensor| match value.shape() {
        (1, 1) => number(value.get(0, 0)),
        shape => format!("{shape:?}"),
    };
    let titles = ["#", "name", "op", "in", "value", "local d", "x upstream", "= product", "to"];
    let mut rows = vec![titles.map(String::from)];
    for (k, node) in trace.nodes.iter().enumerate() {
        let mut row: [String; 9] = Default::default();
        row[0] = k.to_string();
        row[1] = clip(&node.name, 8);
        row[2] = clip(node.operation, 11);
        row[3] = inputs(&node.operands);
        row[4] = entry(&node.value);
        for step in &passages[k] {
            row[5] = factor(&step.local).map_or_else(|| step.local.to_string(), number);
            row[6] = entry(&step.upstream);
            row[7] = entry(&step.product);
            row[8] = clip(&trace.label(step.input), 8);
            rows.push(std::mem::take(&mut row));
        }
        if passages[k].is_empty() {
            row[8] = if node.used { "" } else { "(unused)" }.to_string();
            rows.push(row);
        }
    }
    rows
}

/// The numbers of the nodes that an operation used; plain numbers are marked off from them.
fn inputs(operands: &[Operand]) -> String {
    let numbers = operands.iter().any(|operand| matches!(operand, Operand::Number(_)));
    let text = |operand: &Operand| match operand {
        Operand::Node(k) if numbers => format!("#{k}"),
        Operand::Node(k) => k.to_string(),
        Operand::Number(number) => crate::trace::short(*number),
    };
    match operands {
        [first, _, _, _, ..] => format!("{},..{} more", text(first), operands.len() - 1),
        few => few.iter().map(text).collect::<Vec<_>>().join(","),
    }
}

/// Value and gradient of the small matrices, entry by entry.
fn small_matrices(trace: &Trace) -> String {
    let gradients = trace.gradients(usize::MAX);
    let mut lines = vec![];
    for (k, node) in trace.nodes.iter().enumerate() {
        let entries = node.value.shape().0 * node.value.shape().1;
        if node.used && (2..=super::SMALL).contains(&entries) {
            let label = clip(&trace.label(k), 8);
            lines.push((label.clone(), summary(&node.value)));
            lines.extend(gradients[k].iter().map(|g| (format!("d{label}"), summary(g))));
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let title = "The entries of small matrices, `;` after each row; dw is the gradient of w:\n";
    let width = lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let line = |(label, entries)| clip(&format!("{label:<width$} {entries}"), WIDTH) + "\n";
    title.to_string() + &lines.into_iter().map(line).collect::<String>()
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
