//! The trace table: read down for the forward pass, up for the backward pass.

use std::fmt::Write;

use crate::tensor::{Compact, Tensor};
use crate::trace::{Contribution, Frame, Operand, Trace};

/// One row per node, with its value; next to it, for each edge, local derivative × upstream and
/// where the product is added.
///
/// ```
/// use chainrule::{scalar::Tape, view};
/// let tape = Tape::new();
/// let x = tape.var(3.0).named("x");
/// println!("{}", view::table(&(x * x).trace()));
/// ```
pub fn table(trace: &Trace) -> String {
    let mut passages: Vec<Vec<&Contribution>> = vec![vec![]; trace.nodes.len()];
    for frame in &trace.frames {
        if let Frame::Backward(contribution) = frame {
            passages[contribution.node].push(contribution);
        }
    }
    let name_width = trace.nodes.iter().map(|node| node.name.chars().count()).max().unwrap_or(0);
    let name_width = name_width.clamp(4, 8);
    let mut text = format!(
        "  #  {:name_width$}  {:<8} {:<7} {:>14}  {:>14} x {:>13} = {}\n",
        "name", "op", "inputs", "value", "local d", "upstream", "added to"
    );
    for (k, node) in trace.nodes.iter().enumerate() {
        let inputs: Vec<String> = node
            .operands
            .iter()
            .map(|operand| match operand {
                Operand::Node(k) => k.to_string(),
                Operand::Number(number) => format!("{number}"),
            })
            .collect();
        let start = format!(
            "{k:>3}  {:name_width$}  {:<8} {:<7} {:>14}",
            node.name,
            node.operation,
            inputs.join(", "),
            number(&node.value)
        );
        if passages[k].is_empty() {
            let _ = writeln!(text, "{}", start.trim_end());
        }
        for (edge, passage) in passages[k].iter().enumerate() {
            let start = if edge == 0 { start.clone() } else { " ".repeat(start.chars().count()) };
            let local = match &passage.local {
                crate::tensor::Local::Scale(c) => format!("{:.10}", Compact(*c)),
                other => other.to_string(),
            };
            let upstream = number(&passage.upstream);
            let (input, product) = (trace.label(passage.input), number(&passage.product));
            let _ = writeln!(text, "{start}  {local:>14} x {upstream:>13} = {input} {product}");
        }
    }
    text + "Read down: the forward pass. Read up: the backward pass.\n"
}

fn number(value: &Tensor) -> String {
    match value.shape() {
        (1, 1) => format!("{:.10}", Compact(value.get(0, 0))),
        shape => format!("{shape:?}"),
    }
}
