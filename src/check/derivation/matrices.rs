//! Slips on a tape of matrices, where a local derivative is a linear map: the backward pass again, with
//! another map at one place.

use super::{Claim, Slip};
use crate::tensor::{Local, Tensor};
use crate::trace::{Contribution, Trace, short};

/// The gradient of each node; a local derivative may be another one.
pub(super) fn sweep(trace: &Trace, local: impl Fn(&Contribution) -> Local) -> Vec<Option<Tensor>> {
    let mut gradients: Vec<Option<Tensor>> = vec![None; trace.nodes.len()];
    gradients[trace.nodes.len() - 1] = Some(1.0.into());
    for step in trace.steps() {
        let Some(upstream) = &gradients[step.node] else { continue };
        let contribution = local(step).carry_back(upstream);
        gradients[step.input] = Some(match &gradients[step.input] {
            Some(before) => before + &contribution,
            None => contribution,
        });
    }
    gradients
}

/// Σ over all paths of |∏ local derivatives|, for each node.
pub(super) fn sizes(trace: &Trace) -> Vec<Tensor> {
    let sizes = sweep(trace, |step| match &step.local {
        Local::Scale(c) => Local::Scale(c.abs()),
        Local::Elementwise(d) => Local::Elementwise(d.map(f64::abs)),
        Local::MatmulRight(b) => Local::MatmulRight(b.map(f64::abs)),
        Local::MatmulLeft(a) => Local::MatmulLeft(a.map(f64::abs)),
        Local::Softmax(a) => {
            let a = a.clone();
            Local::custom(move |g| &a * &(g + (&a * g).sum_rows()))
        }
        other => other.clone(),
    });
    sizes.into_iter().map(|size| size.unwrap_or(0.0.into()).map(f64::abs)).collect()
}

/// Whether all entries are the same, up to rounding and a part of their own.
pub(super) fn same(x: &Tensor, y: &Tensor, sizes: &Tensor, part: f64) -> bool {
    let sizes = sizes.to_vec();
    let near = |(k, (x, y)): (usize, (f64, f64))| {
        x == y || (x - y).abs() <= 1e-11 * sizes[k % sizes.len()] + part * x.abs().max(y.abs())
    };
    x.shape() == y.shape() && x.entries().zip(y.entries()).enumerate().all(near)
}

/// What may be taken for a local derivative: how far it is from the rule's own words, what happened, and
/// what to do.
fn wrong(step: &Contribution, trace: &Trace) -> Vec<(u8, &'static str, &'static str, Local)> {
    let node = &trace.nodes[step.node];
    let function = node.operands.len() == 1 || node.operation.slopes[1].is_empty();
    let square = |x: &Tensor| x.shape().0 == x.shape().1;
    let mut wrong = vec![];
    match &step.local {
        Local::Elementwise(d) if d.shape() == (1, 1) => {
            wrong.push((0, "the factor was forgotten", "multiply by it", Local::Scale(1.0)));
            wrong.push((
                1,
                "the factor was taken twice",
                "divide by it",
                Local::Elementwise(d * d),
            ));
        }
        Local::Elementwise(d) => {
            let what = if function { "the slope was left out" } else { "the factor was forgotten" };
            wrong.push((0, what, "multiply by it, entry by entry", Local::Scale(1.0)));
            let hint = "divide by it once, entry by entry";
            wrong.push((1, "the slope was taken twice", hint, Local::Elementwise(d * d)));
            if function {
                let f = Local::Elementwise(node.value.clone());
                wrong.push((1, "f was taken for its slope", "write f' for f", f));
            }
        }
        Local::MatmulRight(b) if square(b) => {
            let local = Local::MatmulRight(b.t());
            wrong.push((
                0,
                "a transpose was forgotten: G B for G Bt",
                "transpose the right factor",
                local,
            ));
        }
        Local::MatmulLeft(a) if square(a) => {
            let local = Local::MatmulLeft(a.t());
            wrong.push((
                0,
                "a transpose was forgotten: A G for At G",
                "transpose the left factor",
                local,
            ));
        }
        Local::Scale(c) => {
            wrong.push((1, "the factor was forgotten", "multiply by it", Local::Scale(1.0)));
            wrong.push((1, "the factor was taken twice", "divide by it", Local::Scale(c * c)));
        }
        _ => {}
    }
    let scaled = |factor: f64| {
        let local = step.local.clone();
        Local::custom(move |g| local.carry_back(g) * factor)
    };
    if let Local::SpreadTo(rows, columns) = step.local {
        let count = (rows * columns) as f64;
        wrong.push((
            0,
            "a mean was taken for the sum",
            "multiply by their number",
            scaled(1.0 / count),
        ));
    }
    wrong.push((1, "it was left out", "add the part that goes through it", scaled(0.0)));
    wrong.push((2, "its sign is turned", "turn the sign of what goes through it", scaled(-1.0)));
    wrong.push((3, "it was taken twice", "divide what goes through it by 2", scaled(2.0)));
    wrong.push((3, "it was halved", "multiply what goes through it by 2", scaled(0.5)));
    wrong
}

pub(super) fn slips(claims: &[Claim]) -> Vec<Slip> {
    let [claim] = claims else { return vec![] };
    let Claim { trace, yours } = claim;
    let sizes = sizes(trace);
    let right = sweep(trace, |step| step.local.clone());
    let fits = |gradients: &[Option<Tensor>], entries: &[usize]| {
        entries.iter().all(|&i| {
            let (var, yours) = &yours[i];
            gradients[*var].as_ref().is_some_and(|g| same(g, yours, &sizes[*var], 1e-9))
        })
    };
    let all: Vec<usize> = (0..yours.len()).collect();
    let is_wrong = |i: &usize| !fits(&right, &[*i]);
    let wrong_ones: Vec<usize> = all.iter().copied().filter(is_wrong).collect();
    let names = |entries: &[usize]| match entries.len() < yours.len() {
        true => entries.iter().map(|&i| trace.label(yours[i].0)).collect(),
        false => vec![],
    };
    let slip = |node: usize, rank: u8, what: String, hint: String, entries: &[usize]| Slip {
        place: trace.nodes[node].at.clone(),
        also: vec![],
        kind: what.clone(),
        what,
        numbers: String::new(),
        hint,
        points: 1,
        entries: names(entries),
        with: None,
        rank: (rank, 1, node),
    };
    let explain = |entries: &[usize]| {
        let mut found: Vec<Slip> = vec![];
        for at in trace.steps() {
            for (rank, what, hint, local) in wrong(at, trace) {
                let one = |step: &Contribution| std::ptr::eq(step, at);
                let other =
                    sweep(trace, |step| if one(step) { local.clone() } else { step.local.clone() });
                if fits(&other, entries) {
                    let formula = trace.formula(at.node);
                    let input = trace.label(at.input);
                    let what = format!("{what}: in the slope of {formula} in {input}");
                    found.push(slip(at.node, rank, what, hint.to_string(), entries));
                }
            }
        }
        if found.is_empty() {
            found.extend(factor(entries, &right, yours).map(|(what, hint)| {
                let var = yours[entries[0]].0;
                slip(var, 4, what, hint, entries)
            }));
        }
        if let [i] = entries
            && found.is_empty()
        {
            let (var, own) = &yours[*i];
            found.extend(shape(trace, *var, own, &right, &sizes).map(|(node, what, hint)| {
                slip(node, 5, what.to_string(), hint.to_string(), entries)
            }));
        }
        found.sort_by_key(|slip| slip.rank);
        found
    };
    if wrong_ones.is_empty() {
        return vec![];
    }
    for entries in [&all, &wrong_ones] {
        let found = explain(entries);
        if !found.is_empty() {
            return found;
        }
    }
    wrong_ones.iter().flat_map(|&i| explain(&[i])).collect()
}

/// A constant factor that all entries share.
fn factor(
    entries: &[usize],
    right: &[Option<Tensor>],
    yours: &[(usize, Tensor)],
) -> Option<(String, String)> {
    let pairs: Vec<(f64, f64)> = entries
        .iter()
        .flat_map(|&i| {
            let (var, own) = &yours[i];
            let right = right[*var].iter().filter(|right| right.shape() == own.shape());
            right.flat_map(|right| own.entries().zip(right.entries())).collect::<Vec<_>>()
        })
        .collect();
    let (largest, of) = pairs.iter().copied().max_by(|x, y| x.1.abs().total_cmp(&y.1.abs()))?;
    let factor = largest / of;
    let fits = |(own, right): &(f64, f64)| (own - factor * right).abs() <= 1e-9 * largest.abs();
    (pairs.len() > 1 && factor != 1.0 && pairs.iter().all(fits)).then(|| {
        let factor = short(factor);
        (format!("yours is {factor} times the right one"), format!("divide it by {factor}"))
    })
}

/// The right numbers in another shape.
fn shape(
    trace: &Trace,
    var: usize,
    own: &Tensor,
    right: &[Option<Tensor>],
    sizes: &[Tensor],
) -> Option<(usize, &'static str, &'static str)> {
    let unsummed = trace.steps().find(|step| {
        step.input == var && matches!(step.local, Local::SumTo(..)) && {
            same(own, &step.upstream, &1.0.into(), 1e-9)
        }
    });
    if let Some(step) = unsummed {
        return Some((step.node, "what was repeated was not summed", "sum over the repetitions"));
    }
    let turned = right[var].as_ref().is_some_and(|right| same(&own.t(), right, &sizes[var], 1e-9));
    turned.then_some((var, "yours is the transpose of the right one", "transpose it: .t()"))
}
