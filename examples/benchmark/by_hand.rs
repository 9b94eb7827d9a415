//! Logistic regression on matrices, and its gradient in loops written by hand.

use chainrule::activation::{Activation, Softplus};
use chainrule::logistic;
use chainrule::network::{LayerGrads, cross_entropy};
use chainrule::tensor::Tensor;
use chainrule::widest;

use crate::work::entries;

/// A logistic regression of n features and m examples, each of which lies in one piece.
pub struct Problem {
    pub n: usize,
    pub m: usize,
    pub examples: Vec<f64>,
    pub labels: Vec<f64>,
    pub weights: Vec<f64>,
    pub x: Tensor,
    pub y: Tensor,
    pub w: Tensor,
}

pub const B: f64 = 0.1;

impl Problem {
    pub fn new(n: usize, m: usize) -> Problem {
        let examples = entries(n * m);
        let labels: Vec<f64> = (0..m).map(|j| f64::from(j < m * 4 / 7)).collect();
        let weights: Vec<f64> = entries(n).iter().map(|w| w / (n as f64).sqrt()).collect();
        let x = Tensor::new(m, n, examples.clone()).t();
        let y = Tensor::new(1, m, labels.clone());
        let w = Tensor::new(n, 1, weights.clone());
        Problem { n, m, examples, labels, weights, x, y, w }
    }

    /// The gradient on a tape; X may lie in another layout than the examples.
    pub fn tape(&self, threads: usize, x: &Tensor) -> f64 {
        let mut network = logistic::network(&self.w, &B.into());
        network.threads = Some(threads);
        let (grads, cost) = network.propagate(x, &self.y, cross_entropy);
        let LayerGrads { dw, db } = &grads[0];
        cost + db.get(0, 0) + dw.get(0, 0) + dw.get(self.n - 1, 0)
    }
}

/// The gradient by hand, in one pass over X: eight examples at a time, which are still in the cache
/// when their part of the gradient is added.
pub fn fused(problem: &Problem, dw: &mut [f64]) -> f64 {
    let Problem { n, m, examples, labels, weights, .. } = problem;
    dw.fill(0.0);
    let sums = fused_sums(examples, *n, labels, weights, dw);
    mean(sums, dw, *m)
}

/// The same in two passes over X, as a formula is usually written down: first Z, A and the cost,
/// then `dw = (1/m) X (A − Y)ᵀ`.
pub fn two_passes(problem: &Problem, dz: &mut [f64], dw: &mut [f64]) -> f64 {
    let Problem { n, m, examples, labels, weights, .. } = problem;
    dw.fill(0.0);
    let sums = first_pass(examples, *n, labels, weights, dz);
    second_pass(examples, *n, dz, dw);
    mean(sums, dw, *m)
}

/// Divides by m, and adds up what the contenders are compared by: the cost, db, two entries of dw.
fn mean((db, cost): (f64, f64), dw: &mut [f64], m: usize) -> f64 {
    dw.iter_mut().for_each(|dw| *dw /= m as f64);
    (cost + db) / m as f64 + dw[0] + dw[dw.len() - 1]
}

const GROUP: usize = 8;

widest! {
    /// The least that any gradient must do: read X once.
    pub fn read_once(x: &[f64]) -> f64 {
        let (chunks, rest) = x.as_chunks::<16>();
        let mut sums = [0.0; 16];
        for chunk in chunks {
            sums = std::array::from_fn(|k| sums[k] + chunk[k]);
        }
        sums.iter().chain(rest).sum()
    }

    fn fused_sums(x: &[f64], n: usize, y: &[f64], w: &[f64], dw: &mut [f64]) -> (f64, f64) {
        let mut sums = Sums::default();
        let (groups, rest) = y.as_chunks::<GROUP>();
        for (x, y) in x.chunks_exact(GROUP * n).zip(groups) {
            let mut dz = [0.0; GROUP];
            for (z, x) in dz.iter_mut().zip(x.chunks_exact(n)) {
                *z = B + dot(x, w);
            }
            sums.add(&mut dz, y);
            add_scaled(dw, x, n, &dz);
        }
        for (x, &y) in x[groups.len() * GROUP * n..].chunks_exact(n).zip(rest) {
            let dz = sums.add_one(B + dot(x, w), y);
            add_scaled(dw, x, n, &[dz]);
        }
        sums.total()
    }

    fn first_pass(x: &[f64], n: usize, y: &[f64], w: &[f64], dz: &mut [f64]) -> (f64, f64) {
        for (z, x) in dz.iter_mut().zip(x.chunks_exact(n)) {
            *z = B + dot(x, w);
        }
        let mut sums = Sums::default();
        let ((zs, z), (ys, y)) = (dz.as_chunks_mut::<GROUP>(), y.as_chunks::<GROUP>());
        for (z, y) in zs.iter_mut().zip(ys) {
            sums.add(z, y);
        }
        for (z, &y) in z.iter_mut().zip(y) {
            *z = sums.add_one(*z, y);
        }
        sums.total()
    }

    fn second_pass(x: &[f64], n: usize, dz: &[f64], dw: &mut [f64]) {
        add_scaled(dw, x, n, dz);
    }
}

/// db and the cost, each in several sums that need not wait for each other.
#[derive(Default)]
struct Sums {
    db: [f64; GROUP],
    cost: [f64; GROUP],
}

impl Sums {
    /// Adds a group of examples and makes dz of their z.
    #[inline(always)]
    fn add(&mut self, z: &mut [f64; GROUP], y: &[f64; GROUP]) {
        for (((z, y), cost), db) in z.iter_mut().zip(y).zip(&mut self.cost).zip(&mut self.db) {
            // The loss is softplus(s z) with s = 1 − 2y, and its slope s σ(s z).
            let s = 1.0 - 2.0 * y;
            let (loss, slope) = Softplus.f_df(s * *z);
            *z = s * slope;
            *cost += loss;
            *db += *z;
        }
    }

    #[inline(always)]
    fn add_one(&mut self, z: f64, y: f64) -> f64 {
        let s = 1.0 - 2.0 * y;
        let (loss, slope) = Softplus.f_df(s * z);
        self.cost[0] += loss;
        self.db[0] += s * slope;
        s * slope
    }

    fn total(&self) -> (f64, f64) {
        (self.db.iter().sum(), self.cost.iter().sum())
    }
}

#[inline(always)]
fn dot(x: &[f64], w: &[f64]) -> f64 {
    let ((xs, x), (ws, w)) = (x.as_chunks::<8>(), w.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (x, w) in xs.iter().zip(ws) {
        sums = std::array::from_fn(|k| sums[k] + x[k] * w[k]);
    }
    sums.iter().sum::<f64>() + x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>()
}

/// `dw += Σ dzⱼ xⱼ`, four examples at a time.
#[inline(always)]
fn add_scaled(dw: &mut [f64], x: &[f64], n: usize, dz: &[f64]) {
    let (groups, rest) = dz.as_chunks::<4>();
    for (x, dz) in x.chunks_exact(4 * n).zip(groups) {
        let [x0, x1, x2, x3] = std::array::from_fn(|k| &x[k * n..][..n]);
        for (dw, (((x0, x1), x2), x3)) in dw.iter_mut().zip(x0.iter().zip(x1).zip(x2).zip(x3)) {
            *dw += (dz[0] * x0 + dz[1] * x1) + (dz[2] * x2 + dz[3] * x3);
        }
    }
    for (x, dz) in x[groups.len() * 4 * n..].chunks_exact(n).zip(rest) {
        for (dw, x) in dw.iter_mut().zip(x) {
            *dw += dz * x;
        }
    }
}
