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

    /// The value and the gradient, with so many letters and decimals at most.
    pub fn numbers(&self, k: usize, letters: usize, decimals: usize) -> [String; 2] {
        let node = &self.trace.nodes[k];
        let number = |tensor: &Tensor| {
            let text = summary_with(&tensor.map(|x| x + 0.0), |x| cut(x, decimals)); // never -0
            let shape = || format!("{:?}", tensor.shape());
            let fits = text.chars().count() <= letters || tensor.shape() == (1, 1);
            (if fits { text } else { shape() }).replace('-', "−")
        };
        let gradient = |gradient: &Tensor| format!("{} {}", glyph(gradient), number(gradient));
        let gradient = self.gradients[k].as_ref().map_or(String::new(), gradient);
        let equals = if node.operands.is_empty() { " = " } else { "" };
        [format!("{equals}{}", number(&node.value)), gradient]
    }

    /// What the `nth` of the nodes that share a box is: `w1`; `a = sigmoid`; `ln, 1 of 20`.
    pub fn title(&self, nodes: &[usize], nth: usize) -> String {
        let all = &self.trace.nodes;
        let node = &all[nodes[0]];
        let one_name = nodes.iter().all(|&k| all[k].name == node.name);
        let name = if one_name { clip(&node.name, 14) } else { String::new() };
        let (number, of) = match nodes {
            [k] => (format!("#{k} "), String::new()),
            _ => (String::new(), format!(", {nth} of {}", nodes.len())),
        };
        if node.operands.is_empty() {
            let unnamed = if of.is_empty() { number.trim_end() } else { node.operation.name };
            return if name.is_empty() { unnamed } else { &name }.to_string() + &of;
        }
        // An edge shows which; and a number may be another one in each node.
        let operand = |(i, operand): (usize, &Operand)| {
            let same = |&k: &usize| all[k].operands.get(i) == Some(operand);
            let operand = if nodes.iter().all(same) { *operand } else { Operand::Node(0) };
            operand.text(|_| "□".to_string()).replace('-', "−")
        };
        let operands: Vec<String> = node.operands.iter().enumerate().map(operand).collect();
        let rule = match (node.operation.rule().unwrap_or_default(), operands.as_slice()) {
            ("add", [x, y]) => format!("{x} + {y}"),
            ("sub", [x, y]) => format!("{x} − {y}"),
            ("mul", [x, y]) => format!("{x} * {y}"),
            ("div", [x, y]) => format!("{x} / {y}"),
            ("powf", [x, y]) => format!("{x}^{y}"),
            ("neg", [x]) => format!("−{x}"),
            _ => clip(node.operation.name, 11),
        };
        match name.as_str() {
            "" => format!("{number}{rule}{of}"),
            name => format!("{name} = {rule}{of}"),
        }
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
        let [value, gradient] = labels.numbers(k, 22, 4);
        let rest = if node.operands.is_empty() { value } else { format!("\n{value}") };
        let label = format!("{}{rest}\n{gradient}", labels.title(&[k], 1))
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
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
