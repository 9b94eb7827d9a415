//! What is written at the nodes and edges of a graph, and the graph as DOT.

use super::{clip, local, summary_with};
use crate::tensor::{Local, Tensor};
use crate::trace::{Contribution, Operand, Trace, cut, short};

/// Values on nodes, local derivatives on edges, and what an edge carries back as its width, with a
/// glyph for the sign.
pub(super) struct Labels<'a> {
    pub trace: &'a Trace,
    pub gradients: Vec<Option<Tensor>>,
    /// For each node, the steps that carry its gradient back, by operand.
    steps: Vec<Vec<&'a Contribution>>,
    /// The largest finite number that an edge carries.
    largest: f64,
}

impl<'a> Labels<'a> {
    pub fn new(trace: &'a Trace) -> Self {
        let mut steps = vec![vec![]; trace.nodes.len()];
        for step in trace.steps() {
            steps[step.node].push(step);
        }
        let sizes = trace.steps().map(|step| size(&step.product));
        let largest = sizes.filter(|size| size.is_finite()).fold(0.0, f64::max);
        Labels { trace, gradients: trace.gradients(trace.frames.len()), steps, largest }
    }

    /// What a box of a picture says: `w1` and ` = 1`; `a = sigmoid`, its value and its gradient, with
    /// so many letters and decimals at most.
    pub fn lines(&self, k: usize, letters: usize, decimals: usize) -> [String; 3] {
        let node = &self.trace.nodes[k];
        let number = |tensor: &Tensor| {
            let text = summary_with(&tensor.map(|x| x + 0.0), |x| cut(x, decimals)); // never -0
            let shape = || format!("{:?}", tensor.shape());
            let fits = text.chars().count() <= letters || tensor.shape() == (1, 1);
            (if fits { text } else { shape() }).replace('-', "−")
        };
        let gradient = |gradient: &Tensor| format!("{} {}", glyph(gradient), number(gradient));
        let gradient = self.gradients[k].as_ref().map_or(String::new(), gradient);
        if node.operands.is_empty() {
            let name = clip(&self.trace.label(k), 14);
            return [name, format!(" = {}", number(&node.value)), gradient];
        }
        // An edge shows which.
        let operand = |operand: &Operand| operand.text(|_| "□".to_string()).replace('-', "−");
        let operands: Vec<String> = node.operands.iter().map(operand).collect();
        let rule = match (node.operation.rule().unwrap_or_default(), operands.as_slice()) {
            ("add", [x, y]) => format!("{x} + {y}"),
            ("sub", [x, y]) => format!("{x} − {y}"),
            ("mul", [x, y]) => format!("{x} * {y}"),
            ("div", [x, y]) => format!("{x} / {y}"),
            ("powf", [x, y]) => format!("{x}^{y}"),
            ("neg", [x]) => format!("−{x}"),
            _ => clip(node.operation.name, 11),
        };
        let title = match node.name.as_str() {
            "" => format!("#{k} {rule}"),
            name => format!("{} = {rule}", clip(name, 14)),
        };
        [title, number(&node.value), gradient]
    }

    /// The step that carried a gradient back to this operand, if any did.
    pub fn step(&self, node: usize, operand: usize) -> Option<&'a Contribution> {
        let steps = &self.steps[node];
        let found = steps.binary_search_by_key(&operand, |step| step.operand);
        found.ok().map(|k| steps[k])
    }

    /// The local derivative.
    pub fn edge(&self, step: &Contribution) -> String {
        match step.local {
            Local::Scale(_) => format!("× {}", local(&step.local, short)),
            _ => local(&step.local, |number| format!("× {}", short(number))),
        }
    }

    /// From 1 to 6 pixels, by orders of magnitude.
    pub fn width(&self, step: &Contribution) -> f64 {
        let ratio = size(&step.product).min(self.largest) / self.largest;
        if ratio > 0.0 { (6.0 + 1.5 * ratio.log10()).max(1.0) } else { 1.0 }
    }
}

/// The largest absolute value of the entries.
fn size(matrix: &Tensor) -> f64 {
    matrix.entries().map(f64::abs).fold(0.0, f64::max)
}

/// The sign of a number, or of all entries.
pub(super) fn glyph(gradient: &Tensor) -> char {
    let any = |wanted: fn(f64) -> bool| gradient.entries().any(wanted);
    match (any(f64::is_nan), any(|x| x > 0.0), any(|x| x < 0.0)) {
        (true, ..) => '!',
        (_, true, true) => '±',
        (_, true, _) => '▲',
        (_, _, true) => '▼',
        _ => '○',
    }
}

/// The graph in the language of Graphviz.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("x");
/// let text = chainrule::view::dot(&(x * 2.0).trace());
/// assert!(text.contains(r##"n1 [label="#1 □ * 2\n6\n▲ 1"]"##));
/// assert!(text.contains(r##"n0 -> n1 [label="× 2 ▲", color="#0072b2", penwidth=6.0]"##));
/// ```
pub fn dot(trace: &Trace) -> String {
    let labels = Labels::new(trace);
    let mut text = String::from("digraph trace {\n  node [shape=box, fontname=\"monospace\"];\n");
    let mut edges = String::new();
    for (k, node) in trace.nodes.iter().enumerate().filter(|(_, node)| node.used) {
        let [title, value, gradient] = labels.lines(k, 22, 4);
        let rest = if node.operands.is_empty() { value } else { format!("\n{value}") };
        let label = format!("{title}{rest}\n{gradient}").replace('\\', "\\\\").replace('"', "\\\"");
        text += &format!("  n{k} [label=\"{}\"];\n", label.trim_end().replace('\n', "\\n"));
        for (operand, input) in node.operands.iter().enumerate() {
            let Operand::Node(input) = *input else { continue };
            let look = labels.step(k, operand).map_or("style=dashed".to_string(), |step| {
                let (sign, width) = (glyph(&step.product), labels.width(step));
                let colour = match sign {
                    '▲' => "#0072b2",
                    '▼' => "#d55e00",
                    _ => "#595959",
                };
                let label = labels.edge(step);
                format!("label=\"{label} {sign}\", color=\"{colour}\", penwidth={width:.1}")
            });
            edges += &format!("  n{input} -> n{k} [{look}];\n");
        }
    }
    text + &edges + "}\n"
}
