//! What a recording is, as plain data: the nodes, and each step forward and backward.
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

use std::panic::Location;

use crate::tape::{Value, Var};
use crate::tensor::{Local, Tensor};

/// A computation and its backward pass, from either tape; a number is a 1×1 [`Tensor`].
#[derive(Clone, Debug)]
pub struct Trace {
    /// The nodes, oldest first; the last one is the output.
    pub nodes: Vec<Node>,
    /// What happened, in order: forward through all nodes, the seed, backward through all edges.
    pub frames: Vec<Frame>,
}

/// One node of a [`Trace`].
#[derive(Clone, Debug)]
pub struct Node {
    /// The learner's name for it, or an empty string.
    pub name: String,
    /// What computed it: `var`, `const`, `mul`, `sigmoid`, …
    pub operation: &'static str,
    /// What the operation was applied to.
    pub operands: Vec<Operand>,
    /// What came out.
    pub value: Tensor,
    /// Whether gradients flow to it.
    pub varies: bool,
    /// The line that recorded it.
    pub at: &'static Location<'static>,
}

/// An operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The node of this number.
    Node(usize),
    /// A plain number.
    Number(f64),
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
}

/// A value that a trace can show.
pub trait Traced: Value {
    /// As a matrix.
    fn to_tensor(&self) -> Tensor;
    /// A local derivative, as one of matrices.
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
        self.with_recording(|recording| {
            let output = self.index();
            let mut nodes: Vec<Node> = Vec::with_capacity(output + 1);
            for (k, node) in recording.nodes[..=output].iter().enumerate() {
                let edges = recording.edges_of(k).iter();
                let site = recording.site_of(k);
                nodes.push(Node {
                    name: String::new(),
                    operation: site.operation,
                    operands: edges.map(|edge| Operand::Node(edge.input as usize)).collect(),
                    value: node.value.to_tensor(),
                    varies: node.varies(),
                    at: site.at,
                });
            }
            for (k, name) in &recording.names {
                if let Some(node) = nodes.get_mut(*k as usize) {
                    node.name = name.to_string();
                }
            }
            for &(k, position, number) in &recording.constants {
                if let Some(node) = nodes.get_mut(k as usize) {
                    let position = node.operands.len().min(position as usize);
                    node.operands.insert(position, Operand::Number(number));
                }
            }
            let mut frames: Vec<Frame> = (0..=output).map(Frame::Forward).collect();
            frames.push(Frame::Seed(output));
            recording.sweep(output as u32, |passage| {
                let product = passage.contribution.to_tensor();
                let before = passage.before.map(V::to_tensor);
                let mut after = before.clone();
                match &mut after {
                    Some(sum) => sum.accumulate(product.clone()),
                    None => after = Some(product.clone()),
                }
                frames.push(Frame::Backward(Box::new(Contribution {
                    node: passage.node,
                    input: passage.edge.input as usize,
                    local: V::to_local(&passage.edge.local),
                    upstream: passage.upstream.to_tensor(),
                    after: after.unwrap_or_else(|| product.clone()),
                    product,
                    before,
                })));
            });
            Trace { nodes, frames }
        })
    }
}

impl Trace {
    /// The name of node `k`, or its number: `w`, `#3`.
    pub fn label(&self, k: usize) -> String {
        let name = &self.nodes[k].name;
        if name.is_empty() { format!("#{k}") } else { name.clone() }
    }

    /// What computed node `k`: `mul(#3, 2)`.
    pub fn formula(&self, k: usize) -> String {
        let Node { operation, operands, .. } = &self.nodes[k];
        let operand = |operand: &Operand| match operand {
            Operand::Node(k) => self.label(*k),
            Operand::Number(number) => number.to_string(),
        };
        let operands: Vec<String> = operands.iter().map(operand).collect();
        if operands.is_empty() {
            operation.to_string()
        } else {
            format!("{operation}({})", operands.join(", "))
        }
    }
}
