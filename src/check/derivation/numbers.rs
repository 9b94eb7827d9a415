//! What one tape says of one point, and what would come out if some rule were got wrong.

use std::rc::Rc;

use super::Claim;
use super::rules::{Part, Seen, Wrong};
use crate::activation::{self, Activation};
use crate::tensor::Local;
use crate::trace::{Operand, Trace};

/// A point.
pub(super) struct Numbers<'a> {
    pub trace: &'a Trace,
    values: Vec<f64>,
    functions: Vec<Option<Box<dyn Activation + Send + Sync>>>,
    /// For each node, the local derivatives with respect to its operands.
    pub local: Vec<Vec<f64>>,
    /// For each node, the slope of the output with respect to it.
    pub up: Vec<f64>,
    /// For each node, what its first and its last user add to that, and how many there are.
    pub users: Vec<([f64; 2], usize)>,
    pub entries: Vec<Entry>,
}

/// A derivative by hand.
pub(super) struct Entry {
    pub var: usize,
    pub yours: f64,
    pub right: f64,
    /// Yours less what is right, and how far that may be off by rounding.
    pub gap: f64,
    pub rounding: f64,
    /// The slope of each node with respect to the variable, and whether it depends on it.
    pub slopes: Vec<f64>,
    pub depends: Vec<bool>,
}

impl Entry {
    pub fn is_wrong(&self) -> bool {
        self.right.is_finite() && (self.gap.abs() > self.rounding || self.gap.is_nan())
    }

    /// Whether the gap is known to several digits.
    pub fn is_clear(&self) -> bool {
        self.gap.abs() > 1e3 * self.rounding
    }

    pub fn explained_by(&self, effect: f64) -> bool {
        (effect - self.gap).abs() <= 1e-7 * self.gap.abs() + self.rounding
    }
}

/// A wrong rule at some nodes, each with the other node that it may look at.
#[derive(Clone)]
pub(super) struct Change {
    pub nodes: Rc<[usize]>,
    pub others: Rc<[usize]>,
    pub wrong: Wrong,
}

impl<'a> Numbers<'a> {
    /// None where some local derivative is no number.
    pub fn of(claim: &'a Claim) -> Option<Numbers<'a>> {
        let trace = &claim.trace;
        let count = trace.nodes.len();
        let mut up = vec![0.0; count];
        up[count - 1] = 1.0;
        let mut numbers = Numbers {
            trace,
            values: trace.nodes.iter().map(|node| node.value.get(0, 0)).collect(),
            functions: trace.nodes.iter().map(function).collect(),
            local: trace.nodes.iter().map(|node| vec![0.0; node.operands.len()]).collect(),
            up,
            users: vec![([0.0; 2], 0); count],
            entries: vec![],
        };
        for step in trace.steps() {
            let local = match &step.local {
                Local::Scale(c) => *c,
                _ if step.product.shape() == (1, 1) && step.upstream.shape() == (1, 1) => {
                    step.local.carry_back(&1.0.into()).get(0, 0)
                }
                _ => return None,
            };
            numbers.local[step.node][step.operand] = local;
            let added = local * numbers.up[step.node];
            numbers.up[step.input] += added;
            let ([first, last], users) = &mut numbers.users[step.input];
            *first = added; // the newest user comes first
            *last = if *users == 0 { added } else { *last };
            *users += 1;
        }
        let roundings = numbers.roundings();
        for (var, yours) in &claim.yours {
            let (var, yours) = (*var, yours.get(0, 0));
            let (mut slopes, mut depends) = (vec![0.0; count], vec![false; count]);
            (slopes[var], depends[var]) = (1.0, true);
            for node in var + 1..count {
                slopes[node] = numbers.slope(node, &slopes);
                let on = |x: &Operand| matches!(x, Operand::Node(k) if depends[*k]);
                depends[node] = trace.nodes[node].operands.iter().any(on);
            }
            let right = numbers.up[var];
            let gap = yours - right;
            let rounding = roundings[var] + 1e-11 * yours.abs();
            numbers.entries.push(Entry { var, yours, right, gap, rounding, slopes, depends });
        }
        Some(numbers)
    }

    /// How far right derivatives may differ, in each node: by a part of the terms that they are sums of,
    /// and by what rounding of the values does to the local derivatives.
    fn roundings(&self) -> Vec<f64> {
        let count = self.values.len();
        let operand = |node: usize, k: usize| match self.trace.nodes[node].operands.get(k) {
            Some(Operand::Node(k)) => Some(*k),
            _ => None,
        };
        let mut moved = vec![0.0; count]; // how far rounding moves each value
        for node in 0..count {
            let through = self.local[node].iter().enumerate();
            let through =
                through.map(|(k, x)| operand(node, k).map_or(0.0, |k| x.abs() * moved[k]));
            let own = if self.local[node].is_empty() { 0.0 } else { self.values[node].abs() };
            moved[node] = through.sum::<f64>() + 1e-15 * own;
        }
        let (mut sizes, mut roundings) = (vec![0.0; count], vec![0.0; count]);
        sizes[count - 1] = 1.0;
        for node in (0..count).rev() {
            for (k, local) in self.local[node].iter().enumerate() {
                let Some(input) = operand(node, k) else { continue };
                let x = self.values[input];
                let by = |k: usize| operand(node, k).map_or(0.0, |k| moved[k]);
                let blur = match (&self.functions[node], self.trace.nodes[node].operation.name) {
                    // A slope may be written so that it cancels, as 1 - y²: that costs 1e-16 of y or 1.
                    (Some(f), _) => {
                        let slope = |x: f64| (f.f_df(x).1 - local).abs();
                        let far = slope(x + by(0)).max(slope(x - by(0)));
                        far + 1e-15 * (1.0 + self.values[node].abs())
                    }
                    (_, "mul") => by(1 - k.min(1)),
                    (_, "div") => {
                        let c = operand(node, 1).map_or(f64::INFINITY, |k| self.values[k].abs());
                        2.0 * local.abs() * by(1) / c + if k == 1 { by(0) / (c * c) } else { 0.0 }
                    }
                    _ => 0.0,
                };
                sizes[input] += local.abs() * sizes[node];
                roundings[input] += local.abs() * roundings[node] + blur * sizes[node];
            }
        }
        sizes.iter().zip(roundings).map(|(size, blur)| 1e-11 * size + 4.0 * blur).collect()
    }

    /// Whether both were recorded by the same operations, and all is finite.
    pub fn is_like(&self, trace: &Trace) -> bool {
        let mut pairs = self.trace.nodes.iter().zip(&trace.nodes);
        self.trace.nodes.len() == trace.nodes.len()
            && pairs.all(|(x, y)| {
                x.operation.name == y.operation.name && x.operands.len() == y.operands.len()
            })
            && self.entries.iter().all(|entry| (entry.gap + entry.rounding).is_finite())
    }

    /// Σ local derivative × slope of the operand.
    fn slope(&self, node: usize, slopes: &[f64]) -> f64 {
        let operands = self.trace.nodes[node].operands.iter().zip(&self.local[node]);
        operands.map(|(x, local)| times(*local, *x, slopes)).sum()
    }

    /// What a wrong rule gives for the slope of its node number `at`; and what it takes, for what.
    pub fn taken(&self, change: &Change, at: usize, i: usize, slopes: &[f64]) -> (f64, [f64; 2]) {
        let node = change.nodes[at];
        let operands = &self.trace.nodes[node].operands;
        let operand = |k: usize| operands.get(k).copied().unwrap_or(Operand::Number(f64::NAN));
        let value = |k: usize| match operand(k) {
            Operand::Node(k) => self.values[k],
            Operand::Number(number) => number,
        };
        let local = |k: usize| self.local[node].get(k).copied().unwrap_or(0.0);
        let dy = if operands.is_empty() { slopes[node] } else { self.slope(node, slopes) };
        let last = operands.len().saturating_sub(1);
        let seen = Seen {
            x: value(0),
            c: value(1),
            y: self.values[node],
            dx: times(1.0, operand(0), slopes),
            dc: times(1.0, operand(1), slopes),
            dy,
            local: [local(0), local(1)],
            terms: operands.len() as f64,
            first: times(local(0), operand(0), slopes),
            last: times(local(last), operand(last), slopes),
            up: self.up[node],
            users: self.users[node].0,
            v: change.others.get(at).map_or(f64::NAN, |&v| self.values[v]),
            p: self.values[self.entries[i].var],
            f: self.functions[node].as_ref().map(|f| f as &dyn Activation),
        };
        let number = (change.wrong.number)(&seen);
        match change.wrong.part {
            Part::Slope => (number, [number, dy]),
            Part::Logit => {
                let right = seen.a() - seen.label();
                (dy * number / right, [number, right])
            }
            Part::Local(k) => {
                let more = times(number - local(k), operand(k), slopes);
                (dy + more, [number, local(k)])
            }
            Part::Elsewhere => (dy + (number - local(0)) * seen.dx, [number, local(0)]),
        }
    }

    /// By how much the derivative in entry `i` changes.
    pub fn effect(&self, changes: &[&Change], i: usize) -> f64 {
        let Entry { slopes, depends, .. } = &self.entries[i];
        if let [change] = changes
            && let [node] = change.nodes[..]
        {
            // The gradient is linear in what a single rule gives.
            let gap = || self.taken(change, 0, i, slopes).0 - slopes[node];
            return if depends[node] { self.up[node] * gap() } else { 0.0 };
        }
        // Forward mode, with the wrong rule where it is.
        let first = changes.iter().map(|change| change.nodes[0]).min().unwrap_or(0);
        let mut changed = slopes.clone();
        let mut at = vec![0; changes.len()];
        for node in first..changed.len() {
            if !depends[node] || self.trace.nodes[node].operands.is_empty() {
                continue;
            }
            changed[node] = self.slope(node, &changed);
            for (change, at) in changes.iter().zip(&mut at) {
                while change.nodes.get(*at).is_some_and(|&k| k < node) {
                    *at += 1;
                }
                if change.nodes.get(*at) == Some(&node) {
                    changed[node] = self.taken(change, *at, i, &changed).0;
                }
            }
        }
        changed[changed.len() - 1] - slopes[slopes.len() - 1]
    }
}

/// factor × slope of the operand: nothing of a plain number.
fn times(factor: f64, operand: Operand, slopes: &[f64]) -> f64 {
    match operand {
        Operand::Node(k) if factor != 0.0 && slopes[k] != 0.0 => factor * slopes[k],
        _ => 0.0,
    }
}

/// The function of one operand that a node applies, with its parameter.
fn function(node: &crate::trace::Node) -> Option<Box<dyn Activation + Send + Sync>> {
    let parameter = match node.operands.get(1) {
        Some(Operand::Number(c)) => Some(*c),
        _ => None,
    };
    activation::named(node.operation.rule()?, parameter)
}
