//! What is computed with numbers, written once for plain ones and for both tapes.

use std::array;
use std::ops::{Add, Mul, Neg, Sub};

use chainrule::activation::Functions;
use chainrule::arithmetic::Operand;
use chainrule::check::Scalar;
use chainrule::scalar::{Tape, Var};

use crate::bare;
use crate::by_hand::{B, Problem};

/// What the workloads ask of a number, be it plain or on one of the tapes.
pub trait Number:
    Copy
    + Functions
    + Neg<Output = Self>
    + Add<Output = Self>
    + Add<f64, Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Mul<f64, Output = Self>
{
    /// `c − x`.
    fn subtracted_from(self, c: f64) -> Self;
    /// `c / x`.
    fn dividing(self, c: f64) -> Self;
}

impl<S: Scalar> Number for S {
    fn subtracted_from(self, c: f64) -> S {
        c - self
    }
    fn dividing(self, c: f64) -> S {
        c / self
    }
}

/// The workloads.
pub enum Work {
    /// The cost of logistic regression.
    Logistic(Box<Problem>),
    /// A 2-16-16-1 network of relu nodes at these points, and the mean of `relu(1 − y·score)`.
    Network(Vec<f64>),
    /// `x = x·b + c`, so many times.
    Chain(usize),
}

impl Work {
    pub fn parameters(&self) -> Vec<f64> {
        match self {
            Work::Logistic(problem) => [&problem.weights[..], &[B]].concat(),
            Work::Network(_) => entries(337).iter().map(|p| 0.5 * p).collect(),
            Work::Chain(_) => vec![1.0, 0.9999, 0.01],
        }
    }

    /// How a node's `b + Σ wᵢ xᵢ` is recorded, and the loss of an example, is the caller's choice.
    #[inline(never)]
    fn cost<T: Number>(
        &self,
        p: &[T],
        over_numbers: impl Fn(&[T], &[f64], T) -> T,
        over_variables: impl Fn(&[T], &[T], T) -> T,
        loss: impl Fn(T, f64) -> T,
    ) -> T {
        let mut sum = p[0] * 0.0_f64;
        match self {
            Work::Logistic(problem) => {
                let Problem { n, m, examples, labels, .. } = &**problem;
                for (x, &y) in examples.chunks_exact(*n).zip(labels) {
                    sum = sum + loss(over_numbers(&p[..*n], x, p[*n]), y);
                }
                sum * (1.0 / *m as f64)
            }
            Work::Network(points) => {
                for (x, y) in points.chunks_exact(2).zip([1.0, -1.0].into_iter().cycle()) {
                    let h: [T; 16] = array::from_fn(|k| {
                        let p = &p[3 * k..][..3];
                        over_numbers(&p[..2], x, p[2]).relu()
                    });
                    let h: [T; 16] = array::from_fn(|k| {
                        let p = &p[48 + 17 * k..][..17];
                        over_variables(&p[..16], &h, p[16]).relu()
                    });
                    let score = over_variables(&p[320..336], &h, p[336]);
                    sum = sum + (score * y).subtracted_from(1.0).relu();
                }
                sum * (2.0 / points.len() as f64)
            }
            Work::Chain(length) => (0..*length).fold(p[0], |x, _| x * p[1] + p[2]),
        }
    }

    pub fn plain(&self, p: &[f64]) -> f64 {
        self.cost(p, op_by_op, op_by_op, entropy)
    }

    /// The gradient on a tape, its entries added up.
    pub fn on_tape(&self, tape: &Tape, p: &[f64], dots: bool) -> f64 {
        let p: Vec<Var> = p.iter().map(|&p| tape.var(p)).collect();
        let cost = match dots {
            true => self.cost(&p, dot_node, dot_node, |z, y| (z * (1.0 - 2.0 * y)).softplus()),
            false => self.cost(&p, op_by_op, op_by_op, entropy),
        };
        let gradients = cost.backward();
        p.iter().map(|&p| gradients.wrt(p)).sum()
    }

    pub fn on_bare_tape(&self, tape: &bare::Tape, gradients: &mut Vec<f64>, p: &[f64]) -> f64 {
        let p: Vec<bare::Var> = p.iter().map(|&p| tape.var(p)).collect();
        self.cost(&p, op_by_op, op_by_op, entropy).backward(gradients);
        p.iter().map(|p| gradients[p.index as usize]).sum()
    }
}

/// A multiplication and an addition for each weight.
#[inline(always)]
fn op_by_op<T: Number + Mul<X, Output = T>, X: Copy>(w: &[T], x: &[X], b: T) -> T {
    let mut z = b;
    for (&w, &x) in w.iter().zip(x) {
        z = z + w * x;
    }
    z
}

/// One node for all the multiplications.
#[inline(always)]
fn dot_node<'t, X: Into<Operand<'t, f64>> + Copy>(w: &[Var<'t>], x: &[X], b: Var<'t>) -> Var<'t> {
    b.tape().dot(w, x) + b
}

/// `−ln a` or `−ln(1 − a)`, where `a = 1/(1 + e⁻ᶻ)`.
#[inline(always)]
fn entropy<T: Number>(z: T, y: f64) -> T {
    let a = ((-z).exp() + 1.0_f64).dividing(1.0);
    -(if y == 1.0 { a } else { a.subtracted_from(1.0) }).ln()
}

/// Numbers between −1 and 1 that look random and are always the same.
pub fn entries(count: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
