//! On a tape of matrices, where a local derivative is a linear map: the backward pass again, with
//! another map at one place.

use super::rules::{self, Map, Part, Wrong};
use super::search::{Change, Point, Search, Site};
use super::words::Words;
use super::{Claim, Slip};
use crate::tensor::{Local, Tensor};
use crate::trace::{Contribution, Trace, short};

/// A point.
pub(super) struct Matrices<'a> {
    claim: &'a Claim,
    /// For each node, the gradient, and Σ over all paths of |∏ local derivatives|.
    right: Vec<Option<Tensor>>,
    sizes: Vec<Tensor>,
}

/// The gradient of each node; a local derivative may be another one.
fn sweep(trace: &Trace, local: impl Fn(&Contribution) -> Option<Local>) -> Vec<Option<Tensor>> {
    let mut gradients: Vec<Option<Tensor>> = vec![None; trace.nodes.len()];
    gradients[trace.nodes.len() - 1] = Some(1.0.into());
    for step in trace.steps() {
        let Some(upstream) = &gradients[step.node] else { continue };
        let contribution = local(step).as_ref().unwrap_or(&step.local).carry_back(upstream);
        gradients[step.input] = Some(match &gradients[step.input] {
            Some(before) => before + &contribution,
            None => contribution,
        });
    }
    gradients
}

/// Whether all entries are the same, up to rounding and a part of their own.
fn same(x: &Tensor, y: &Tensor, sizes: &Tensor, part: f64) -> bool {
    let sizes = sizes.to_vec();
    let near = |(k, (x, y)): (usize, (f64, f64))| {
        x == y || (x - y).abs() <= 1e-11 * sizes[k % sizes.len()] + part * x.abs().max(y.abs())
    };
    x.shape() == y.shape() && x.entries().zip(y.entries()).enumerate().all(near)
}

impl<'a> Matrices<'a> {
    pub fn of(claim: &'a Claim) -> Matrices<'a> {
        let trace = &claim.trace;
        let right = sweep(trace, |_| None);
        let sizes = sweep(trace, |step| match &step.local {
            Local::Scale(c) => Some(Local::Scale(c.abs())),
            Local::Elementwise(d) => Some(Local::Elementwise(d.map(f64::abs))),
            Local::MatmulRight(b) => Some(Local::MatmulRight(b.map(f64::abs))),
            Local::MatmulLeft(a) => Some(Local::MatmulLeft(a.map(f64::abs))),
            Local::Softmax(a) => {
                let a = a.clone();
                Some(Local::custom(move |g| &a * &(g + (&a * g).sum_rows())))
            }
            _ => None,
        });
        let size = |size: Option<Tensor>| size.unwrap_or(0.0.into()).map(f64::abs);
        Matrices { claim, right, sizes: sizes.into_iter().map(size).collect() }
    }

    /// The right gradient that belongs to yours of this number.
    pub fn right(&self, i: usize) -> Tensor {
        let (var, yours) = &self.claim.yours[i];
        let zero = || Tensor::zeros(yours.shape().0, yours.shape().1);
        self.right[*var].clone().unwrap_or_else(zero)
    }

    fn is_yours(&self, i: usize, other: &Tensor, part: f64) -> bool {
        let (var, yours) = &self.claim.yours[i];
        same(yours, other, &self.sizes[*var], part)
    }
}

impl Point for Matrices<'_> {
    type Given = Map;

    fn claim(&self) -> &Claim {
        self.claim
    }

    fn is_finite(&self) -> bool {
        true
    }

    fn is_right(&self, i: usize) -> Option<bool> {
        Some(self.is_yours(i, &self.right(i), 0.0))
    }

    fn is_clear(&self, i: usize) -> bool {
        !self.is_yours(i, &self.right(i), 1e-6)
    }

    fn is_explained(&self, changes: &[&Change<Map>], i: usize) -> bool {
        let trace = &self.claim.trace;
        let gradients = sweep(trace, |step| {
            let here = |change: &&&Change<Map>| {
                change.nodes.contains(&step.node) && change.wrong.part == Part::Local(step.operand)
            };
            let change = changes.iter().find(here)?;
            (change.wrong.gives)(&step.local, &trace.nodes[step.node])
        });
        let found = gradients[self.claim.yours[i].0].as_ref();
        found.is_some_and(|gradient| self.is_yours(i, gradient, 1e-9))
    }

    fn changes(search: &Search<Self>, site: &Site) -> Vec<Change<Map>> {
        let trace = search.trace();
        let steps = trace.steps().filter(|step| step.node == site[0]);
        let changes = steps.flat_map(|step| {
            let node = &trace.nodes[step.node];
            let other = |wrong: &Wrong<Map>| (wrong.gives)(&step.local, node).is_some();
            rules::of_map(&step.local).filter(other).map(|wrong| Change {
                nodes: site.clone(),
                others: Site::from([]),
                wrong: Wrong { part: Part::Local(step.operand), ..wrong },
            })
        });
        changes.collect()
    }

    fn slip(search: &Search<Self>, change: &Change<Map>, entries: &[usize]) -> Slip {
        let Change { nodes, wrong, .. } = change;
        let var = search.points[0].claim.yours[entries[0]].0;
        let words = Words::new(search.trace(), nodes, wrong, var, None);
        let all = nodes[0] + 1 == search.trace().nodes.len();
        let yours = search.yours(entries);
        let [what, taken, hint] = words.tell(wrong, all.then_some(&yours));
        let numbers = words.legend(&what, &format!("{taken} {}", words.right()));
        Slip { numbers, ..search.plain(change, wrong.words.to_string(), what, hint) }
    }

    /// A factor that all entries share, or the right numbers in another shape.
    fn others(search: &Search<Self>, entries: &[usize]) -> Vec<Slip> {
        let var = search.points[0].claim.yours[entries[0]].0;
        let factor = factor(search, entries).map(|factor| {
            let factor = short(factor);
            let what = format!("yours is {factor} times the right gradient");
            search.at(var, what, format!("divide it by {factor}"))
        });
        let shape = || shape(search, entries[0]).filter(|_| entries.len() == 1);
        factor.or_else(shape).into_iter().collect()
    }
}

/// A constant factor that all entries share.
fn factor(search: &Search<Matrices>, entries: &[usize]) -> Option<f64> {
    let each = search.points.iter().flat_map(|p| entries.iter().map(move |&i| (p, i)));
    let mut pairs: Vec<(f64, f64)> = vec![];
    for (p, i) in each {
        let (yours, right) = (&p.claim.yours[i].1, p.right(i));
        if yours.shape() != right.shape() {
            return None;
        }
        pairs.extend(yours.entries().zip(right.entries()));
    }
    let (largest, of) = pairs.iter().copied().max_by(|x, y| x.1.abs().total_cmp(&y.1.abs()))?;
    let factor = largest / of;
    let fits = |(own, right): &(f64, f64)| (own - factor * right).abs() <= 1e-9 * largest.abs();
    (pairs.len() > 1 && factor != 1.0 && pairs.iter().all(fits)).then_some(factor)
}

/// The right numbers in another shape.
fn shape(search: &Search<Matrices>, i: usize) -> Option<Slip> {
    let at =
        |node: usize, what: &str, hint: &str| search.at(node, what.to_string(), hint.to_string());
    let (var, yours) = &search.points[0].claim.yours[i];
    let unsummed = search.trace().steps().find(|step| {
        step.input == *var && matches!(step.local, Local::SumTo(..)) && {
            same(yours, &step.upstream, &1.0.into(), 1e-9)
        }
    });
    if let Some(step) = unsummed {
        let hint = "sum over the examples, or whatever it was broadcast over";
        return Some(at(step.node, "what was broadcast was not summed", hint));
    }
    let turned = same(&yours.t(), &search.points[0].right(i), &search.points[0].sizes[*var], 1e-9);
    turned.then(|| at(*var, "yours is the transpose of the right gradient", "transpose it: .t()"))
}
