//! On a tape of numbers: what it says of one point, and what would come out if some rule were applied
//! wrongly.

mod others;

use std::iter;

use super::rules::{self, Number, Part, Seen, Wrong};
use super::search::{Change, Point, Search, Site};
use super::words::Words;
use super::{Claim, Slip};
use crate::activation::{self, Activation, Sigmoid};
use crate::tensor::{Compact, Local};
use crate::trace::{Operand, Place};

/// A point.
pub(super) struct Numbers<'a> {
    claim: &'a Claim,
    values: Vec<f64>,
    functions: Vec<Option<Box<dyn Activation + Send + Sync>>>,
    /// For each node, the local derivatives with respect to its operands.
    local: Vec<Vec<f64>>,
    /// For each node, the slope of the output with respect to it.
    up: Vec<f64>,
    /// For each node, what its first and its last user add to that, and how many there are.
    users: Vec<([f64; 2], usize)>,
    entries: Vec<Entry>,
}

/// A derivative by hand.
struct Entry {
    var: usize,
    yours: f64,
    right: f64,
    /// Yours less what is right; how far that may be off by rounding; the part of this that comes from
    /// rounded values; and the size of the terms that the right one is a sum of.
    gap: f64,
    rounding: f64,
    blur: f64,
    size: f64,
    /// The slope of each node with respect to the variable, and whether it depends on it.
    slopes: Vec<f64>,
    depends: Vec<bool>,
}

impl Entry {
    fn is_right(&self) -> Option<bool> {
        if self.yours.is_nan() {
            return None;
        }
        let near = self.gap.abs() <= self.rounding;
        let same = self.gap == 0.0 && self.right != 0.0;
        let tells = !near || same || self.rounding <= 0.01 * self.size;
        (tells && self.right.is_finite()).then_some(near)
    }

    fn is_explained_by(&self, effect: f64) -> bool {
        (effect - self.gap).abs() <= 1e-7 * self.gap.abs() + self.rounding
    }
}

impl<'a> Numbers<'a> {
    /// None where some local derivative is no number.
    pub fn of(claim: &'a Claim) -> Option<Numbers<'a>> {
        let trace = &claim.trace;
        let count = trace.nodes.len();
        let mut up = vec![0.0; count];
        up[count - 1] = 1.0;
        let mut numbers = Numbers {
            claim,
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
        let rounded = claim.rounded.iter().copied().chain(iter::repeat(0.0));
        for ((var, yours), rounded) in claim.yours.iter().zip(rounded) {
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
            let [size, blur] = roundings[var];
            let rounding = 1e-12 * (size + yours.abs()) + blur + rounded;
            numbers.entries.push(Entry {
                var,
                yours,
                right,
                gap,
                rounding,
                blur,
                size,
                slopes,
                depends,
            });
        }
        Some(numbers)
    }

    /// For each derivative by hand, how far rounding of the values may move what is right.
    pub fn blurs(&self) -> Vec<f64> {
        self.entries.iter().map(|entry| entry.blur).collect()
    }

    /// What right derivatives may differ by, in each node: the size of the terms that they are sums of,
    /// of which it is a part, and what rounding of the values does to the local derivatives.
    fn roundings(&self) -> Vec<[f64; 2]> {
        let (count, trace) = (self.values.len(), &self.claim.trace);
        let operand = |node: usize, k: usize| match trace.nodes[node].operands.get(k) {
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
                let blur = match (&self.functions[node], trace.nodes[node].operation.name) {
                    (Some(f), name) => {
                        let slope = |x: f64| (f.f_df(x).1 - local).abs();
                        let far = slope(x + by(0)).max(slope(x - by(0)));
                        // A slope may be written so that it cancels, as 1 - y²: that costs 1e-16 of y or 1.
                        let straight = ["relu", "leaky_relu", "abs", "identity"].contains(&name);
                        let cancelled = 1e-15 * (1.0 + self.values[node].abs());
                        far + if straight { 0.0 } else { cancelled }
                    }
                    (_, "mul") => by(1 - k.min(1)),
                    (_, "powf") => match trace.nodes[node].operands[1] {
                        Operand::Number(c) => {
                            let slope = |x: f64| (c * x.powf(c - 1.0) - local).abs();
                            slope(x + by(0)).max(slope(x - by(0)))
                        }
                        Operand::Node(_) => 0.0,
                    },
                    (_, "div") => {
                        let c = operand(node, 1).map_or(f64::INFINITY, |k| self.values[k].abs());
                        let numerator = if k == 1 { by(0) / (c * c) } else { 0.0 };
                        // Below its smallest normal number, f64 has no digits.
                        2.0 * local.abs() * by(1) / c + numerator + f64::MIN_POSITIVE
                    }
                    _ => 0.0,
                };
                sizes[input] += local.abs() * sizes[node];
                roundings[input] += local.abs() * roundings[node] + blur * sizes[node];
            }
        }
        sizes.into_iter().zip(roundings).map(|(size, blur)| [size, 4.0 * blur]).collect()
    }

    /// Σ local derivative × slope of the operand.
    fn slope(&self, node: usize, slopes: &[f64]) -> f64 {
        let operands = self.claim.trace.nodes[node].operands.iter().zip(&self.local[node]);
        operands.map(|(x, local)| times(*local, *x, slopes)).sum()
    }

    /// What a wrong rule gives for the slope of its node number `at`; and what it takes, for what.
    fn taken(
        &self,
        change: &Change<Number>,
        at: usize,
        i: usize,
        slopes: &[f64],
    ) -> (f64, [f64; 2]) {
        let node = change.nodes[at];
        let operands = &self.claim.trace.nodes[node].operands;
        let operand = |k: usize| operands.get(k).copied().unwrap_or(Operand::Number(f64::NAN));
        let value = |k: usize| match operand(k) {
            Operand::Node(k) => self.values[k],
            Operand::Number(number) => number,
        };
        let local = |k: usize| self.local[node].get(k).copied().unwrap_or(0.0);
        let dy = if operands.is_empty() { slopes[node] } else { self.slope(node, slopes) };
        let last = operands.len().saturating_sub(1);
        let about = if let Part::Local(k) = change.wrong.part { k } else { 0 };
        let seen = Seen {
            x: value(0),
            c: value(1),
            y: self.values[node],
            dx: times(1.0, operand(0), slopes),
            dc: times(1.0, operand(1), slopes),
            dy,
            local: [local(0), local(1)],
            own: value(about),
            d: local(about),
            terms: operands.len() as f64,
            first: times(local(0), operand(0), slopes),
            last: times(local(last), operand(last), slopes),
            up: self.up[node],
            users: self.users[node].0,
            v: change.others.get(at).map_or(f64::NAN, |&v| self.values[v]),
            p: self.values[self.entries[i].var],
            f: self.functions[node].as_ref().map(|f| f as &dyn Activation),
        };
        let number = (change.wrong.gives)(&seen);
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
    fn effect(&self, changes: &[&Change<Number>], i: usize) -> f64 {
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
            if !depends[node] || self.claim.trace.nodes[node].operands.is_empty() {
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

impl Point for Numbers<'_> {
    type Given = Number;

    fn claim(&self) -> &Claim {
        self.claim
    }

    fn is_finite(&self) -> bool {
        self.entries.iter().all(|entry| (entry.gap + entry.rounding).is_finite())
    }

    fn is_right(&self, i: usize) -> Option<bool> {
        self.entries[i].is_right()
    }

    fn is_clear(&self, i: usize) -> bool {
        self.entries[i].gap.abs() > 1e3 * self.entries[i].rounding
    }

    fn is_explained(&self, changes: &[&Change<Number>], i: usize) -> bool {
        self.entries[i].is_explained_by(self.effect(changes, i))
    }

    fn changes(search: &Search<Self>, site: &Site) -> Vec<Change<Number>> {
        let trace = search.trace();
        let node = &trace.nodes[site[0]];
        let varies = |x: &Operand| matches!(x, Operand::Node(k) if trace.nodes[*k].varies);
        let of_wrong = || search.wrong.iter().map(|&i| &search.points[0].entries[i]);
        let moves = |x: &Operand| matches!(x, Operand::Node(k) if of_wrong().any(|entry| entry.depends[*k]));
        let rule = node.operation.rule().unwrap_or_default();
        let mut wrong: Vec<Wrong<Number>> = vec![];
        if !node.operands.is_empty() {
            // A product with what does not vary has no second half, and such a sum no second term.
            let half = match rule {
                "add" | "sub" => !node.operands.iter().all(varies),
                "mul" | "div" | "max" | "min" => !node.operands.iter().all(moves),
                _ => false,
            };
            let second = |w: &Wrong<Number>| match rule {
                "add" | "sub" => w.words.contains("left out"),
                _ if w.taken == "x / c'" => false,
                _ => {
                    [w.words, w.taken].iter().any(|text| text.contains("x'") || text.contains("c'"))
                }
            };
            // A mean is divided next.
            let mean =
                matches!(&node.at, Place::Text(stretch) if stretch.text().starts_with("mean"));
            let other = |w: &Wrong<Number>| {
                half && second(w) || mean && w.words.contains("mean was taken for the sum")
            };
            wrong.extend(rules::of_rule(rule).filter(|w| !other(w)));
            // Of a sum, one of the terms is not differentiated.
            let whole = |w: &Wrong<Number>| w.taken != "y" || !["add", "sub"].contains(&rule);
            wrong.extend(rules::of_rule("any").filter(whole));
            for (k, _) in node.operands.iter().enumerate().filter(|(_, x)| varies(x)) {
                // Of many terms, each is left out, turned, taken twice or halved.
                let usual = |w: &Wrong<Number>| node.operands.len() <= 2 || !w.mend.is_empty();
                let about = |w: Wrong<Number>| Wrong { part: Part::Local(k), ..w };
                wrong.extend(rules::of_rule("operand").filter(usual).map(about));
            }
            if activation::named(rule, Some(1.0)).is_some() {
                wrong.extend(rules::of_rule("function"));
            }
        } else {
            wrong.extend(rules::of_rule("leaf"));
        }
        if is_logit(&search.points, site) {
            wrong.extend(rules::of_rule("loss"));
        }
        if search.points[0].users[site[0]].1 > 2 {
            wrong.extend(rules::of_rule("users"));
        }
        let mut changes = vec![];
        for wrong in wrong.into_iter().filter(|_| node.varies) {
            let change = |others| Change { nodes: site.clone(), others, wrong };
            if wrong.part != Part::Elsewhere {
                changes.push(change(Site::from([])));
                continue;
            }
            // What was computed before is the likelier one.
            for other in search.sites.iter().filter(|other| other[0] != site[0]) {
                let later = u8::from(other[0] > site[0]);
                let wrong = Wrong { rank: wrong.rank + later, ..wrong };
                let change = |others| Change { nodes: site.clone(), others, wrong };
                match other.len() {
                    1 => changes.push(change(vec![other[0]; site.len()].into())),
                    count if count == site.len() => changes.push(change(other.clone())),
                    _ => {}
                }
            }
        }
        changes
    }

    fn slip(search: &Search<Self>, change: &Change<Number>, entries: &[usize]) -> Slip {
        let Change { nodes, others, wrong } = change;
        let points = &search.points;
        // A point and an entry at which it shows.
        let shows = |n: &&Self| entries.iter().copied().find(|i| n.is_right(*i) == Some(false));
        let found = points.iter().enumerate().find_map(|(k, n)| Some((k, shows(n)?)));
        let (at, entry) = found.unwrap_or((0, entries[0]));
        // The first of the nodes that this derivative goes through.
        let through = |node: &usize| points[at].entries[entry].depends[*node];
        let first = nodes.iter().position(through).unwrap_or(0);
        let numbers = |n: &Self, i: usize| n.taken(change, first, i, &n.entries[i].slopes).1;
        // Where all of yours goes through here, all of it is to be fixed.
        let mends = |n: &Self, i: usize| {
            let ([taken, right], entry) = (numbers(n, i), &n.entries[i]);
            entry.is_explained_by(entry.yours - entry.yours * (right / taken))
        };
        let all = points.iter().all(|n| entries.iter().all(|&i| mends(n, i)));

        let here = points[at];
        let (trace, var) = (&here.claim.trace, here.entries[entry].var);
        let words = Words::new(trace, &nodes[first..], wrong, var, others.first().copied());
        let yours = search.yours(entries);
        let [what, taken, hint] = words.tell(wrong, all.then_some(&yours));
        let sentences = format!("{what} {hint}");
        let mut lines = vec![words.legend(&sentences, &format!("{taken} {}", words.right()))];
        if !wrong.taken.is_empty() {
            let [taken_number, right_number] = numbers(here, entry);
            let right = words.right();
            let both = [(&taken, taken_number, "taken"), (&right, right_number, "right")];
            // A number needs no number, and neither has a list one.
            let says =
                |text: &str| text.parse::<f64>().is_err() && (nodes.len() == 1 || text.len() > 1);
            let both = both.iter().filter(|(text, ..)| says(text));
            let both = both.map(|(text, number, name)| match text.is_empty() {
                true => format!("{name} {:.7}", Compact(*number)),
                false => format!("{text} = {:.7}", Compact(*number)),
            });
            lines.push(super::lines(both, ","));
            if format!("{taken}{right}").contains('\'') {
                let name = search.names(&[entry]).into_iter().next().filter(|_| entries.len() > 1);
                lines.extend(name.map(|name| format!("for d{name}")));
            }
            if at > 0 {
                lines.push(format!("at {}", super::point(trace)));
            }
        }
        lines.retain(|line| !line.is_empty());
        // What differs by a constant is of one kind, whatever it is called.
        let ratio = |n: &Self| {
            let [taken, right] = numbers(n, entry);
            taken / right
        };
        let same = |n: &&Self| (ratio(n) - ratio(here)).abs() <= 1e-9 * ratio(here).abs();
        let kind = match points.iter().all(same) {
            true => format!("{:.6}", ratio(here) + 0.0), // and -0 is 0
            false => wrong.words.to_string(),
        };
        let numbers = lines.join("\n     ");
        Slip { numbers, ..search.plain(change, kind, what, hint) }
    }

    fn others(search: &Search<Self>, entries: &[usize]) -> Vec<Slip> {
        others::all(search, entries)
    }
}

/// Whether the output's slope in all of these is k (a − label), with the same k everywhere.
fn is_logit(points: &[&Numbers], site: &Site) -> bool {
    let mut factors = points.iter().flat_map(|numbers| {
        site.iter().map(|&node| {
            let up = numbers.up[node];
            let a = Sigmoid.f(numbers.values[node]);
            if up > 0.0 { up / a } else { -up / (1.0 - a) }
        })
    });
    let Some(first) = factors.next() else { return false };
    let mut others = factors.peekable();
    others.peek().is_some() && others.all(|k| (k - first).abs() <= 1e-9 * first)
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
