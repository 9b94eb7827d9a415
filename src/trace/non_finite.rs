//! Where did my NaN come from: the first number of a trace that is not finite, and what led there.

use std::fmt;

use super::{Contribution, Frame, Node, Operand, Trace, short};
use crate::activation::{self, Activation};
use crate::error::Error;
use crate::tensor::{Local, Tensor};

/// What to try when numbers grow too large.
const SMALLER: &str = "standardise the features, or take a smaller learning rate or weights";

impl Trace {
    /// The first number, in the order of the frames, that is NaN or infinite: which node it is, the
    /// values that led there, and what to do about it. None if all values and gradients are finite.
    ///
    /// ```
    /// let tape = chainrule::scalar::Tape::new();
    /// let z = tape.var(-800.0).named("z");
    /// let a = z.sigmoid().named("a");
    /// let error = (-a.ln()).trace().first_non_finite().unwrap();
    /// assert_eq!(error.what, "#2 = ln(a) is -inf");
    /// assert_eq!(error.facts, ["a = sigmoid(z) is 0", "z is -800"]);
    /// ```
    pub fn first_non_finite(&self) -> Option<Error> {
        self.frames.iter().find_map(|frame| match frame {
            Frame::Forward(k) => self.non_finite_value(*k),
            Frame::Seed(_) => None,
            Frame::Backward(step) => self.non_finite_gradient(step),
        })
    }

    fn non_finite_value(&self, k: usize) -> Option<Error> {
        let node = &self.nodes[k];
        let entry = Entry::first(&node.value, |y| !y.is_finite())?;
        let y = entry.of(&node.value).unwrap_or(f64::NAN);
        // The operands that met in this entry, where the operation works entry by entry.
        let operands: Vec<f64> =
            node.operands.iter().filter_map(|operand| self.number(*operand, &entry)).collect();

        let chain = self.chain(k);
        let saturated = chain.iter().any(|&k| {
            let Node { operation, value, .. } = &self.nodes[k];
            let whole = |a: Option<f64>| matches!(a, Some(0.0 | 1.0));
            operation.rule() == Some("sigmoid") && whole(entry.of(value))
        });
        let mut facts: Vec<String> = chain.iter().map(|&k| self.fact(k, &entry)).collect();
        if y.is_infinite() {
            facts.extend(self.first_nan(k));
        }
        let rule = node.operation.rule().unwrap_or_default();
        let function = activation::named(rule, operands.get(1).copied());
        let undefined = function.zip(operands.first()).is_some_and(|(f, x)| !f.domain(*x));
        let given = node.operands.is_empty() || operands.iter().any(|x| !x.is_finite());
        let (why, hint) = match (rule, operands.as_slice()) {
            _ if given => (
                "this number came in from outside, and what is computed from it is not finite",
                "check where it comes from: data::Examples refuses such cells in a file",
            ),
            ("ln", [0.0]) if saturated => (
                "sigmoid rounds to 0 below z = -745 and to 1 above z = 37, and ln 0 is -inf",
                "take the cost from z: softplus(z) - y*z; of matrices, network::cross_entropy",
            ),
            ("ln", [0.0]) => (
                "ln x falls without bound as x goes to 0, and its slope 1/x grows without bound",
                "find out why it is 0: a small constant added to it only hides that",
            ),
            ("div", [_, 0.0]) | ("recip", [0.0]) => (
                "1/x grows without bound as x goes to 0, and 0/0 has no value",
                "keep the denominator away from 0, for example x / (y + 1e-12) for y >= 0",
            ),
            _ if undefined => (
                "the function is not defined at this number",
                "fix what led to it; where only the size matters, take |x| first",
            ),
            ("exp", _) => (
                "eˣ is larger than any f64 from x = 709.8 on",
                "use sigmoid, softplus or tanh, which do not overflow, in place of your own",
            ),
            _ if y.is_infinite() => ("the result is larger than any f64: 1.8e308 at most", SMALLER),
            _ => (
                "finite numbers gave NaN: a sum inside the operation passed inf - inf, or its own \
                 code is at fault",
                SMALLER,
            ),
        };
        let what = format!("{} is {y}{entry}", self.equation(k));
        Some(Error::new(what, facts, why, hint).at_place(node.at.start()))
    }

    fn non_finite_gradient(&self, step: &Contribution) -> Option<Error> {
        let entry = Entry::first(&step.after, |g| !g.is_finite())?;
        let local = match &step.local {
            Local::Scale(c) => Some(*c),
            Local::Elementwise(d) => entry.of(d),
            _ => None,
        };
        let upstream = entry.of(&step.upstream);
        let (node, input) = (self.label(step.node), self.label(step.input));
        let output = self.label(self.nodes.len() - 1);
        let mut facts = vec![self.fact(step.node, &entry)];
        facts.extend(self.chain(step.node).iter().map(|&k| self.fact(k, &entry)));
        if let (Some(local), Some(upstream)) = (local, upstream) {
            let slope = self.slope_with(step, &short(local));
            facts.push(format!("local     d{node}/d{input} = {slope}"));
            facts.push(format!("upstream  d{output}/d{node} = {}", short(upstream)));
        }
        let (why, hint) = match (local, upstream) {
            (Some(local), Some(0.0)) if !local.is_finite() => (
                "the slope is infinite here, and 0 x inf has no value",
                "keep away from this point, for example sqrt(x + 1e-12)",
            ),
            (Some(local), _) if !local.is_finite() => (
                "the slope is infinite here: the tangent is vertical",
                "keep away from this point, for example sqrt(x + 1e-12)",
            ),
            _ => ("the gradient is larger than any f64: 1.8e308 at most", SMALLER),
        };
        let gradient = entry.of(&step.after).unwrap_or(f64::NAN);
        let what = format!("the gradient of {input} is {gradient}{entry}, carried back by {node}");
        Some(Error::new(what, facts, why, hint).at_place(self.nodes[step.node].at.start()))
    }

    /// `a = sigmoid(z)`; of a variable or constant the name alone.
    fn equation(&self, k: usize) -> String {
        match self.nodes[k].operands[..] {
            [] => self.label(k),
            _ => format!("{} = {}", self.label(k), self.formula(k)),
        }
    }

    /// `a = sigmoid(z) is 0.5`; the shape of a matrix that has no such entry.
    fn fact(&self, k: usize, entry: &Entry) -> String {
        let value = &self.nodes[k].value;
        let shown = entry.of(value).map_or_else(|| format!("{:?}", value.shape()), short);
        format!("{} is {shown}", self.equation(k))
    }

    fn number(&self, operand: Operand, entry: &Entry) -> Option<f64> {
        match operand {
            Operand::Number(number) => Some(number),
            Operand::Node(input) => entry.of(&self.nodes[input].value),
        }
    }

    /// The operands of node `k`, then the operands of that, as long as there is only one.
    fn chain(&self, mut k: usize) -> Vec<usize> {
        let mut chain = vec![];
        for _ in 0..4 {
            let inputs = self.nodes[k].operands.iter().filter_map(|x| x.node());
            let inputs: Vec<usize> = inputs.take(4).collect();
            chain.extend(&inputs);
            let [only] = inputs[..] else { break };
            k = only;
        }
        chain
    }

    /// How the infinite number of node `k` became NaN later on.
    fn first_nan(&self, k: usize) -> Option<String> {
        let mut later = (k + 1..self.nodes.len()).filter(|&l| self.nodes[l].used);
        let (l, entry) =
            later.find_map(|l| Some((l, Entry::first(&self.nodes[l].value, f64::is_nan)?)))?;
        let Node { operation, operands, .. } = &self.nodes[l];
        let sign = match operation.rule().unwrap_or_default() {
            "add" => " + ",
            "sub" => " - ",
            "mul" => " x ",
            "div" => " / ",
            _ => ", ",
        };
        let met = operands.iter().map(|x| self.number(*x, &entry).map(short));
        let met = met.collect::<Option<Vec<String>>>().filter(|numbers| numbers.len() == 2);
        let met = met.map_or(String::new(), |both| format!(": {} has no value", both.join(sign)));
        Some(format!("later, {} is NaN{met}", self.equation(l)))
    }
}

/// One entry of the matrices of one shape.
struct Entry {
    row: usize,
    column: usize,
    shape: (usize, usize),
}

impl Entry {
    /// The first one, row by row, that `wanted` accepts.
    fn first(matrix: &Tensor, wanted: impl Fn(f64) -> bool) -> Option<Entry> {
        let k = matrix.entries().position(wanted)?;
        let shape = matrix.shape();
        Some(Entry { row: k / shape.1, column: k % shape.1, shape })
    }

    /// The number that stands there, in a matrix of this shape.
    fn of(&self, matrix: &Tensor) -> Option<f64> {
        (matrix.shape() == self.shape).then(|| matrix.get(self.row, self.column))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            (1, 1) => Ok(()),
            shape => write!(f, " in row {}, column {} of {shape:?}", self.row, self.column),
        }
    }
}
