//! What is no rule applied wrongly: another number at one place, a term too many or too few, the
//! derivative of something else, the right numbers without their signs.

use super::super::Slip;
use super::super::rules::{Number, Part, Wrong};
use super::super::search::{Change, Point, Search, Site};
use super::super::words::text;
use super::{Entry, Numbers};
use crate::error::brief;
use crate::tensor::Compact;
use crate::trace::{Operand, short};

/// What explains these derivatives, of the first kind that does.
pub(super) fn all(search: &Search<Numbers>, entries: &[usize]) -> Vec<Slip> {
    if let Some(found) = few_digits(search, entries) {
        return vec![found];
    }
    let found = search.sites.iter().filter_map(|site| computed(search, site, entries));
    let found = search.of_each_kind(found.collect());
    if !found.is_empty() {
        return found;
    }
    let kinds = [term, of_something_else, in_size];
    kinds.iter().find_map(|kind| kind(search, entries)).into_iter().collect()
}

/// Right in its first digits, at a single point.
fn few_digits(search: &Search<Numbers>, entries: &[usize]) -> Option<Slip> {
    let [numbers] = search.points[..] else { return None };
    let off = |&i: &usize| (numbers.entries[i].gap / numbers.entries[i].right).abs();
    let most = entries.iter().map(off).fold(0.0, f64::max);
    let digits = -most.log10() as usize;
    let what = format!("yours is right in its first {digits} digits");
    let hint = "write all digits, or a function of the point".to_string();
    (most < 1e-3).then(|| search.at(search.trace().nodes.len() - 1, what, hint))
}

/// Whether some other number at a site explains all: the same at all points, or the same multiple of
/// what is right, or one that two entries agree upon.
fn computed(search: &Search<Numbers>, site: &Site, entries: &[usize]) -> Option<Slip> {
    let trace = search.trace();
    let node = &trace.nodes[site[0]];
    let varies = |k: &usize| matches!(node.operands[*k], Operand::Node(k) if trace.nodes[k].varies);
    (0..node.operands.len().min(2)).filter(varies).find_map(|k| {
        let [taken, words, mend] = [""; 3];
        let gives: Number = |s| 2.0 * s.d;
        let wrong = Wrong { rank: 8, part: Part::Local(k), taken, words, mend, gives };
        let change = Change { nodes: site.clone(), others: Site::from([]), wrong };
        // What is right, doubled, has this effect; so many times that is wanted.
        let (mut factors, mut clear, mut agreed) = (vec![], 0, false);
        for numbers in &search.points {
            let mut here: Option<f64> = None;
            for &i in entries {
                let (entry, effect) = (&numbers.entries[i], numbers.effect(&[&change], i));
                if effect.abs() > 1e3 * entry.rounding {
                    agreed |= here.is_some();
                    here = here.or(Some(entry.gap / effect));
                }
                if !entry.is_explained_by(here.unwrap_or(0.0) * effect) {
                    return None;
                }
                clear += usize::from(numbers.is_clear(i));
            }
            factors.extend(here.map(|factor| (1.0 + factor, numbers.local[site[0]][k], *numbers)));
        }
        // Where it shows most.
        let far = |factor: f64| (factor - 1.0).abs();
        let most = factors.iter().copied().reduce(|x, y| if far(y.0) > far(x.0) { y } else { x });
        let (factor, local, there) = most?;
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-6 * y.abs();
        let same_factor = factors.iter().all(|(other, ..)| near(*other, factor));
        let same_number = site.len() == 1
            && factors.iter().all(|(other, right, _)| near(other * right, factor * local));
        if clear < 2 || !(agreed && !one_factor(search) || same_factor || same_number) {
            return None;
        }
        let own = brief(&text(trace, site[0]));
        let taken = match same_factor {
            true => format!("{} times what it is", short(factor)),
            false => short(factor * local),
        };
        let what = format!("that is what you get if the slope of {own} is {taken}");
        let [taken, right] = [factor * local, local].map(Compact);
        let at = super::super::point(&there.claim.trace);
        let numbers = format!("taken {taken:.7}, right {right:.7}\n     at {at}");
        let hint = format!("differentiate {own} again");
        let kind = format!("computed {same_factor}");
        Some(Slip { numbers, ..search.plain(&change, kind, what, hint) })
    })
}

/// Whether, at each point, all derivatives are the same multiple of the right ones: no slope is that.
fn one_factor(search: &Search<Numbers>) -> bool {
    search.points.iter().all(|n| {
        let first = &n.entries[0];
        let same = |entry: &Entry| {
            let [x, y] = [entry.yours * first.right, first.yours * entry.right];
            (x - y).abs() <= 1e-9 * x.abs().max(y.abs())
        };
        n.entries.iter().all(same)
    })
}

/// A constant, or a constant times the parameter, that all entries have too many or too few.
fn term(search: &Search<Numbers>, entries: &[usize]) -> Option<Slip> {
    let first = &search.points[0].entries[entries[0]];
    [false, true].into_iter().find_map(|times| {
        let unit = |n: &Numbers, i: usize| if times { n.values[n.entries[i].var] } else { 1.0 };
        let c = first.gap / unit(search.points[0], entries[0]);
        let fits =
            |n: &&Numbers| entries.iter().all(|&i| n.entries[i].is_explained_by(c * unit(n, i)));
        let several = search.points.len() * entries.len() > 1 && entries == search.wrong;
        if !several || !search.points[0].is_clear(entries[0]) || !search.points.iter().all(fits) {
            return None;
        }
        let whole = c.abs().round();
        let size = short(if (c.abs() - whole).abs() < 1e-9 { whole } else { c.abs() });
        let name = text(search.trace(), first.var);
        let term = if times { format!("{size} {name}") } else { size };
        let [what, hint] = match c > 0.0 {
            true => ["has an extra term", "subtract"],
            false => ["lacks the term", "add"],
        };
        Some(search.at(first.var, format!("yours {what} {term}"), format!("{hint} {term}")))
    })
}

/// The derivative of another node than the output, or with respect to another than the parameter.
fn of_something_else(search: &Search<Numbers>, entries: &[usize]) -> Option<Slip> {
    let is = |other: &dyn Fn(&Numbers, &Entry) -> f64| {
        let same = |n: &Numbers, entry: &Entry| {
            entry.yours != 0.0 && entry.is_explained_by(other(n, entry) - entry.right)
        };
        search.points.len() * entries.len() > 1
            && search.points.iter().all(|n| entries.iter().all(|&i| same(n, &n.entries[i])))
    };
    let (trace, first) = (search.trace(), search.points[0]);
    let mut nodes = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].varies);
    nodes.find_map(|node| {
        let own = brief(&text(trace, node));
        let (what, hint) = if is(&|_, entry| entry.slopes[node]) {
            (format!("of {own}, not of the output"), format!("continue from {own} to the output"))
        } else if is(&|n, _| n.up[node]) {
            let hint = match trace.nodes[node].operands.is_empty() {
                true => {
                    let names = entries.iter().map(|&i| trace.label(first.entries[i].var));
                    let names = names.collect::<Vec<_>>().join(" and ");
                    format!("differentiate with respect to {names}")
                }
                false => format!("continue from {own}, by its slope"),
            };
            (format!("with respect to {own}"), hint)
        } else {
            return None;
        };
        Some(search.at(node, format!("that is the derivative {what}"), hint))
    })
}

/// The right derivatives without their signs, or with another length.
fn in_size(search: &Search<Numbers>, entries: &[usize]) -> Option<Slip> {
    let unsigned = |n: &&Numbers| {
        let mut each = entries.iter().map(|&i| &n.entries[i]);
        each.all(|entry| entry.is_explained_by(entry.right.abs() - entry.right))
    };
    let output = search.trace().nodes.len() - 1;
    let at = |what: &str, hint: &str| Some(search.at(output, what.to_string(), hint.to_string()));
    if search.points.iter().all(unsigned) {
        return at("yours is the absolute value of the right one", "keep the sign");
    }
    // At a single point, no more can be said than what is seen there.
    if search.points.len() < 2 || search.all.len() < 2 || !one_factor(search) {
        return None;
    }
    let ratio = |n: &&Numbers| {
        let size = |entry: &&Entry| entry.right.abs();
        let largest = n.entries.iter().max_by(|x, y| size(x).total_cmp(&size(y)));
        largest.map_or(f64::NAN, |entry| entry.yours / entry.right)
    };
    let factor = ratio(&search.points[0]);
    let same = |n: &&Numbers| (ratio(n) - factor).abs() <= 1e-9 * factor.abs();
    let factor = search.points.iter().all(same).then(|| short(factor));
    match factor {
        Some(factor) => {
            let what = format!("yours is {factor} times the right gradient");
            at(&what, &format!("divide it by {factor}"))
        }
        None => at("yours has the right direction and the wrong length", "do not normalise it"),
    }
}
