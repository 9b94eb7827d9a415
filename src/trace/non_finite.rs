//! Where did my NaN come from: the first number of a trace that is not finite, and what led there.

use super::{Contribution, Frame, Node, Operand, Trace, short};
use crate::activation::{self, Activation, Powf};
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
        let place = find(&node.value, |y| !y.is_finite())?;
        let y = node.value.get(place.0, place.1);
        // The operands that met in this entry, where the operation works entry by entry.
        let operands: Vec<f64> =
            node.operands.iter().filter_map(|operand| self.number(k, *operand, place)).collect();

        let mut facts = self.chain(k, place);
        if y.is_infinite() {
            facts.extend(self.first_nan(k));
        }
        let saturated = facts.iter().any(|fact| fact.contains("= sigmoid("));
        let undefined = match (node.operation, operands.as_slice()) {
            ("powf", &[x, exponent]) => !Powf { exponent }.domain(x),
            (name, &[x, ..]) => activation::all().iter().any(|f| f.name() == name && !f.domain(x)),
            _ => false,
        };
        let given = node.operands.is_empty() || operands.iter().any(|x| !x.is_finite());
        let (why, hint) = match (node.operation, operands.as_slice()) {
            _ if given => (
                "this number came in from outside, and what is computed from it is not finite",
                "check where it comes from: data::Examples refuses such cells in a file",
            ),
            ("ln", [0.0]) if saturated => (
                "sigmoid rounds to 0 below z = -745 and to 1 above z = 37, and ln 0 is -inf",
                "take the cost from z: network::cross_entropy, or (z * (1.0 - 2.0 * y)).softplus()",
            ),
            ("ln", [0.0]) => (
                "ln x falls without bound as x goes to 0, and its slope 1/x grows without bound",
                "see to it that x is positive, for example (x + 1e-12).ln()",
            ),
            ("div", [_, 0.0]) | ("recip", [0.0]) => (
                "1/x grows without bound as x goes to 0, and 0/0 has no value",
                "see to it that the denominator is not 0, for example x / (y + 1e-12)",
            ),
            _ if undefined => (
                "the function is not defined at this number",
                "mend what led to it; where only the size matters, take x.abs() first",
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
        let what = format!("{} is {y}{}", self.equation(k), entry_of(&node.value, place));
        Some(located(node, what, facts, why, hint))
    }

    fn non_finite_gradient(&self, step: &Contribution) -> Option<Error> {
        let place = find(&step.after, |g| !g.is_finite())?;
        let at = |matrix: &Tensor| {
            (matrix.shape() == step.after.shape()).then(|| matrix.get(place.0, place.1))
        };
        let local = match &step.local {
            Local::Scale(c) => Some(*c),
            Local::Elementwise(d) => at(d),
            _ => None,
        };
        let (node, input) = (self.label(step.node), self.label(step.input));
        let output = self.label(self.nodes.len() - 1);
        let mut facts = vec![format!("{} is {}", self.equation(step.node), {
            let y = &self.nodes[step.node].value;
            at(y).map_or_else(|| format!("{:?}", y.shape()), short)
        })];
        facts.extend(self.chain(step.node, place));
        if let (Some(local), Some(upstream)) = (local, at(&step.upstream)) {
            let slope = self.slope(step).map_or(String::new(), |formula| format!("{formula} = "));
            facts.push(format!("local     d{node}/d{input} = {slope}{}", short(local)));
            facts.push(format!("upstream  d{output}/d{node} = {}", short(upstream)));
        }
        let (why, hint) = match (local, at(&step.upstream)) {
            (Some(local), Some(0.0)) if !local.is_finite() => (
                "the slope is infinite here, and 0 x inf has no value",
                "keep away from this point, for example (x + 1e-12).sqrt()",
            ),
            (Some(local), _) if !local.is_finite() => (
                "the slope is infinite here: the tangent is vertical",
                "keep away from this point, for example (x + 1e-12).sqrt()",
            ),
            _ => ("the gradient is larger than any f64: 1.8e308 at most", SMALLER),
        };
        let gradient = step.after.get(place.0, place.1);
        let entry = entry_of(&step.after, place);
        let what = format!("the gradient of {input} is {gradient}{entry}, carried back by {node}");
        Some(located(&self.nodes[step.node], what, facts, why, hint))
    }

    /// `a = sigmoid(z)`; of a variable or constant the name alone.
    fn equation(&self, k: usize) -> String {
        let label = self.label(k);
        if self.nodes[k].operands.is_empty() {
            label
        } else {
            format!("{label} = {}", self.formula(k))
        }
    }

    /// The entry of an operand that meets entry `place` of node `k`: none where the shapes differ.
    fn number(&self, k: usize, operand: Operand, place: (usize, usize)) -> Option<f64> {
        match operand {
            Operand::Number(number) => Some(number),
            Operand::Node(input) => {
                let value = &self.nodes[input].value;
                let same = value.shape() == self.nodes[k].value.shape();
                same.then(|| value.get(place.0, place.1))
            }
        }
    }

    /// The operands of node `k`, then the operands of that, as long as there is only one.
    fn chain(&self, k: usize, place: (usize, usize)) -> Vec<String> {
        let mut facts = vec![];
        let mut node = k;
        for _ in 0..4 {
            let inputs: Vec<usize> = self.inputs(node).take(4).collect();
            for &input in &inputs {
                let value = match self.number(k, Operand::Node(input), place) {
                    Some(x) => short(x),
                    None => format!("{:?}", self.nodes[input].value.shape()),
                };
                facts.push(format!("{} is {value}", self.equation(input)));
            }
            let [only] = inputs[..] else { break };
            node = only;
        }
        facts
    }

    /// The nodes among the operands of node `k`.
    fn inputs(&self, k: usize) -> impl Iterator<Item = usize> {
        self.nodes[k].operands.iter().filter_map(|operand| match operand {
            Operand::Node(input) => Some(*input),
            Operand::Number(_) => None,
        })
    }

    /// How the infinite number of node `k` became NaN later on.
    fn first_nan(&self, k: usize) -> Option<String> {
        let used = |l: &usize| self.nodes[*l].used;
        let (l, place) = (k + 1..self.nodes.len())
            .filter(used)
            .find_map(|l| Some((l, find(&self.nodes[l].value, f64::is_nan)?)))?;
        let Node { operation, operands, .. } = &self.nodes[l];
        let sign = match *operation {
            "add" => " + ",
            "sub" => " - ",
            "mul" => " x ",
            "div" => " / ",
            _ => ", ",
        };
        let met = operands.iter().map(|x| self.number(l, *x, place).map(short));
        let met = met.collect::<Option<Vec<String>>>().filter(|numbers| numbers.len() == 2);
        let met = met.map_or(String::new(), |both| format!(": {} has no value", both.join(sign)));
        Some(format!("later, {} is NaN{met}", self.equation(l)))
    }
}

/// The row and column of the first entry, row by row, that `wanted` accepts.
fn find(value: &Tensor, wanted: impl Fn(f64) -> bool) -> Option<(usize, usize)> {
    let k = value.entries().position(wanted)?;
    Some((k / value.shape().1, k % value.shape().1))
}

fn entry_of(value: &Tensor, (row, column): (usize, usize)) -> String {
    match value.shape() {
        (1, 1) => String::new(),
        shape => format!(" in row {row}, column {column} of {shape:?}"),
    }
}

fn located(node: &Node, what: String, facts: Vec<String>, why: &'static str, hint: &str) -> Error {
    let (line, column) = (node.at.line() as usize, node.at.column() as usize);
    Error::new(what, facts, why, hint).at(node.at.file(), line, column, "")
}
