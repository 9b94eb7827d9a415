//! What a recording is, as plain data: the nodes, and each step forward and backward.
//!
//! Taught in `docs/03_tape.md`, `docs/23_numerics.md`.
//!
//! ```
//! use chainrule::{scalar::Tape, trace::Frame};
//! let tape = Tape::new();
//! let x = tape.var(3.0).named("x");
//! let trace = (x * 2.0).trace();
//! assert_eq!(trace.formula(1), "mul(x, 2)");
//! let Frame::Backward(step) = &trace.frames[3] else { panic!() };
//! assert_eq!((step.product.get(0, 0), step.input), (2.0, 0));
//! ```

mod non_finite;

use std::fmt;
use std::panic::Location;

use crate::error::{self, Stretch};
use crate::tape::{Edge, Input, Operation, Passage, Value, Var};
use crate::tensor::{Compact, Local, Tensor};

/// A computation and its backward pass, from either tape; a number is a 1×1 [`Tensor`].
#[derive(Clone, Debug)]
pub struct Trace {
    /// The nodes, oldest first, numbered as on the tape; the last one is the output.
    pub nodes: Vec<Node>,
    /// What happened, in order: forward through the nodes that the output depends on, the seed,
    /// backward through their edges.
    pub frames: Vec<Frame>,
}

/// One node of a [`Trace`].
#[derive(Clone, Debug)]
pub struct Node {
    /// The learner's name for it, or an empty string.
    pub name: String,
    /// What computed it: `var`, `const`, `mul`, `sigmoid`, …
    pub operation: Operation,
    /// What the operation was applied to.
    pub operands: Vec<Operand>,
    /// What came out.
    pub value: Tensor,
    /// Whether it is a variable, or depends on one: gradients flow to such nodes only.
    pub varies: bool,
    /// Whether the output depends on it.
    pub used: bool,
    /// Where it was written.
    pub at: Place,
}

/// Where a node was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A line of code.
    Code(&'static Location<'static>),
    /// A stretch of a [`Formula`](crate::formula::Formula).
    Text(Stretch),
}

impl Place {
    /// File, line and column; of a formula the line itself, too.
    pub fn start(&self) -> error::Place {
        match self {
            Place::Code(at) => error::Place {
                file: at.file().to_string(),
                line: at.line() as usize,
                column: at.column() as usize,
                text: String::new(),
            },
            Place::Text(stretch) => stretch.source.place(stretch.bytes.start),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error::Place { file, line, column, .. } = self.start();
        write!(f, "{file}:{line}:{column}")
    }
}

/// An operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The node of this number.
    Node(usize),
    /// A plain number.
    Number(f64),
}

impl Operand {
    /// The number of the node, if it is one.
    ///
    /// ```
    /// use chainrule::trace::Operand;
    /// assert_eq!([Operand::Node(3), Operand::Number(0.5)].map(Operand::node), [Some(3), None]);
    /// ```
    pub fn node(self) -> Option<usize> {
        match self {
            Operand::Node(k) => Some(k),
            Operand::Number(_) => None,
        }
    }

    /// As text: a number as one would write it, a node as `node` says.
    pub(crate) fn text(self, node: impl Fn(usize) -> String) -> String {
        match self {
            Operand::Node(k) => node(k),
            Operand::Number(number) => short(number),
        }
    }
}

/// One step.
#[derive(Clone, Debug)]
pub enum Frame {
    /// The node of this number got its value.
    Forward(usize),
    /// The output's gradient with respect to itself is 1.
    Seed(usize),
    /// One edge carried a gradient back.
    Backward(Box<Contribution>),
}

/// `product = local × upstream`, added to the input's gradient.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// The node whose gradient is carried back.
    pub node: usize,
    /// Which of the node's operands the input is: 0 for the first.
    pub operand: usize,
    /// The input that it is carried to.
    pub input: usize,
    /// The local derivative of the node with respect to the input.
    pub local: Local,
    /// The node's gradient.
    pub upstream: Tensor,
    /// Local derivative × upstream.
    pub product: Tensor,
    /// The input's gradient before; `None` if nothing had come in yet.
    pub before: Option<Tensor>,
    /// The input's gradient after.
    pub after: Tensor,
    /// The how-manieth contribution to the input's gradient this is: 1 for the first.
    pub nth: usize,
    /// How many contributions that gradient gets in all.
    pub count: usize,
}

/// A value that a trace can show.
pub trait Traced: Value {
    /// As a matrix.
    fn to_tensor(&self) -> Tensor;
    /// A local derivative, as one of matrices: `from(c)` as `Local::Scale(c)`.
    fn to_local(local: &Self::Local) -> Local;
}

impl Traced for f64 {
    fn to_tensor(&self) -> Tensor {
        (*self).into()
    }
    fn to_local(local: &f64) -> Local {
        Local::Scale(*local)
    }
}

impl Traced for Tensor {
    fn to_tensor(&self) -> Tensor {
        self.clone()
    }
    fn to_local(local: &Local) -> Local {
        local.clone()
    }
}

impl<V: Traced> Var<'_, V> {
    /// The computation of this output and its backward pass, step by step.
    ///
    /// # Panics
    /// If the value is not 1×1.
    #[track_caller]
    pub fn trace(self) -> Trace {
        self.assert_single();
        let recording = self.tape().read();
        let output = self.index();
        let mut nodes: Vec<Node> = Vec::with_capacity(output + 1);
        for (k, node) in recording.nodes[..=output].iter().enumerate() {
            let site = recording.site_of(k);
            nodes.push(Node {
                name: String::new(),
                operation: site.operation,
                operands: recording.edges(k).map(operand::<V>).collect(),
                value: node.value.to_tensor(),
                varies: node.varies(),
                used: k == output,
                at: Place::Code(site.at),
            });
        }
        for (k, name) in &recording.names {
            if let Some(node) = nodes.get_mut(*k as usize) {
                node.name = name.replace(char::is_control, " ");
            }
        }
        for (placed, stretch) in &recording.places {
            for node in nodes.iter_mut().take(placed.end).skip(placed.start) {
                node.at = Place::Text(stretch.clone());
            }
        }
        mark_used(&mut nodes);

        let used = (0..=output).filter(|&k| nodes[k].used);
        let mut frames: Vec<Frame> = used.map(Frame::Forward).collect();
        frames.push(Frame::Seed(output));
        let mut arrived = vec![0; output]; // contributions so far, for each node
        recording.sweep(output, |passage| {
            let Passage { node, operand, input, local, upstream, .. } = passage;
            arrived[input] += 1;

            let product = passage.contributed.to_tensor();
            let before = passage.before.map(V::to_tensor);
            let mut after = before.clone().unwrap_or_else(|| product.clone());
            if before.is_some() {
                after.accumulate(product.clone());
            }
            frames.push(Frame::Backward(Box::new(Contribution {
                node,
                operand,
                input,
                local: V::to_local(local),
                upstream: upstream.to_tensor(),
                product,
                before,
                after,
                nth: arrived[input],
                count: 0, // known when all have arrived
            })));
        });
        for frame in &mut frames {
            if let Frame::Backward(step) = frame {
                step.count = arrived[step.input];
            }
        }
        Trace { nodes, frames }
    }
}

/// What an edge says of the operand.
fn operand<V: Traced>(edge: Edge<&V::Local>) -> Operand {
    match V::to_local(edge.local) {
        Local::Scale(number) if edge.input == Input::NUMBER => Operand::Number(number),
        _ => Operand::Node(edge.input.node()),
    }
}

/// The output is used, and so is every operand of a node that is used.
fn mark_used(nodes: &mut [Node]) {
    for k in (0..nodes.len()).rev() {
        let (older, node) = nodes.split_at_mut(k);
        for operand in node[0].operands.iter().filter(|_| node[0].used) {
            if let Some(input) = operand.node() {
                older[input].used = true;
            }
        }
    }
}

impl Trace {
    /// The name of node `k`, or its number: `w`, `#3`.
    pub fn label(&self, k: usize) -> String {
        let name = &self.nodes[k].name;
        if name.is_empty() { format!("#{k}") } else { name.clone() }
    }

    /// An operand as it stands in a formula: `w`, `#3`, `0.5`.
    fn operand(&self, operand: Operand) -> String {
        operand.text(|k| self.label(k))
    }

    /// What computed node `k`: `mul(#3, 2)`; of many operands the first two and the last.
    pub fn formula(&self, k: usize) -> String {
        let Node { operation: Operation { name, .. }, operands, .. } = &self.nodes[k];
        let x = |k: usize| self.operand(operands[k]);
        match operands.len() {
            0 => name.to_string(),
            few @ 1..=6 => format!("{name}({})", (0..few).map(x).collect::<Vec<_>>().join(", ")),
            many => format!("{name}({}, {}, ..., {})", x(0), x(1), x(many - 1)),
        }
    }

    /// The formula of the local derivative of `step`, in the names of this trace: `a (1 - a)` for
    /// `a = sigmoid(z)`. None where the operation says nothing of it.
    ///
    /// ```
    /// let tape = chainrule::scalar::Tape::new();
    /// let (w, x) = (tape.var(2.0).named("w"), tape.constant(0.5).named("x"));
    /// let trace = (w * x).named("z").sigmoid().named("a").trace();
    /// let slopes: Vec<_> = trace.steps().map(|step| trace.slope(step)).collect();
    /// assert_eq!(slopes, [Some("a (1 - a)".to_string()), Some("x".to_string())]);
    /// ```
    pub fn slope(&self, step: &Contribution) -> Option<String> {
        let Node { operation, operands, .. } = &self.nodes[step.node];
        let name = |k: usize| operands.get(k).map(|x| self.operand(*x)).unwrap_or_default();
        let formula =
            Some(operation.slopes[step.operand.min(1)]).filter(|text| !text.is_empty())?;
        // x is the first operand, c the second, y the result; longer words stay as they are.
        Some(spelled(formula, |word| match word {
            "x" => name(0),
            "c" => name(1),
            "y" => self.label(step.node),
            longer => longer.to_string(),
        }))
    }

    /// `a (1 - a) = 0.1875`: the slope of `step` and the number that it is here; the number alone
    /// where the formula says no more.
    pub(crate) fn slope_with(&self, step: &Contribution, number: &str) -> String {
        match self.slope(step) {
            Some(formula) if formula != number => format!("{formula} = {number}"),
            _ => number.to_string(),
        }
    }

    /// The steps of the backward pass alone.
    pub fn steps(&self) -> impl Iterator<Item = &Contribution> {
        self.frames.iter().filter_map(|frame| match frame {
            Frame::Backward(step) => Some(&**step),
            _ => None,
        })
    }

    /// The gradient of every node as it stands after the first `count` frames; None where nothing
    /// has come in, which is not the same as 0.
    ///
    /// ```
    /// let tape = chainrule::scalar::Tape::new();
    /// let x = tape.var(3.0);
    /// let trace = (x * x).trace();
    /// let gradient = |count| trace.gradients(count)[0].as_ref().map(|g| g.get(0, 0));
    /// assert_eq!([3, 4, 5].map(gradient), [None, Some(3.0), Some(6.0)]);
    /// ```
    pub fn gradients(&self, count: usize) -> Vec<Option<Tensor>> {
        let mut gradients = vec![None; self.nodes.len()];
        for frame in self.frames.iter().take(count) {
            match frame {
                Frame::Forward(_) => {}
                Frame::Seed(output) => gradients[*output] = Some(1.0.into()),
                Frame::Backward(step) => gradients[step.input] = Some(step.after.clone()),
            }
        }
        gradients
    }
}

/// A formula with other words in it.
pub(crate) fn spelled(formula: &str, word: impl Fn(&str) -> String) -> String {
    let letter = |c: char| c.is_ascii_alphabetic();
    let pieces = formula.split_inclusive(|c| !letter(c));
    let spell = |piece: &str| {
        let letters = piece.trim_end_matches(|c| !letter(c));
        let spelled = if letters.is_empty() { String::new() } else { word(letters) };
        spelled + &piece[letters.len()..]
    };
    pieces.map(spell).collect()
}

/// A number as one would write it, cut to four decimals where it has many.
pub(crate) fn short(number: f64) -> String {
    cut(number, 4)
}

/// The same with other decimals.
pub(crate) fn cut(number: f64, decimals: usize) -> String {
    let exact = number.to_string();
    if exact.len() <= decimals + 2 { exact } else { format!("{:.decimals$}", Compact(number)) }
}
