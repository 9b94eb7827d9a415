//! The search for the rule that was got wrong.

use std::rc::Rc;

use super::Slip;
use super::numbers::{Change, Numbers};
use super::rules::{self, Part, Wrong};
use crate::activation::{Activation, Sigmoid};
use crate::tensor::Compact;
use crate::trace::{Operand, Place, Trace, short};

pub(super) struct Search<'a> {
    pub numbers: &'a [&'a Numbers<'a>],
    sites: Vec<Site>,
}

/// All nodes that one operation at one place recorded; or one of them; or every other one.
type Site = Rc<[usize]>;

/// See [`slips`](super::slips).
pub(super) fn slips(numbers: &[Numbers]) -> Vec<Slip> {
    let Some(first) = numbers.first() else { return vec![] };
    let numbers: Vec<&Numbers> = numbers.iter().filter(|n| n.is_like(first.trace)).collect();
    let Some(&here) = numbers.first() else { return vec![] };
    let all: Vec<usize> = (0..here.entries.len()).collect();
    let is_wrong = |i: &usize| numbers.iter().any(|n| n.entries[*i].is_wrong());
    let wrong: Vec<usize> = all.iter().copied().filter(is_wrong).collect();
    let search = Search { numbers: &numbers, sites: sites(first.trace) };
    // All entries together; only those that are wrong; each of them by itself.
    let mut groups = vec![vec![all.clone()]];
    if wrong.len() < all.len() {
        groups.push(vec![wrong.clone()]);
    }
    if wrong.len() > 1 {
        groups.push(wrong.iter().map(|&i| vec![i]).collect());
    }
    let mut part = vec![];
    type Stage<'a> = fn(&Search<'a>, &[usize]) -> Vec<Slip>;
    let stages: [&[Stage]; 2] = [&[Search::singles], &[Search::pairs, Search::others]];
    for stages in stages {
        for group in groups.iter().filter(|group| !group[0].is_empty()) {
            for stage in stages {
                let found: Vec<Vec<Slip>> =
                    group.iter().map(|entries| stage(&search, entries)).collect();
                let explained = found.iter().all(|slips| !slips.is_empty());
                let found: Vec<Slip> = found.into_iter().flatten().collect();
                match explained {
                    true => return found,
                    false if part.is_empty() => part = found,
                    false => {}
                }
            }
        }
    }
    part
}

fn sites(trace: &Trace) -> Vec<Site> {
    let mut sites: Vec<Vec<usize>> = vec![];
    for k in (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used) {
        let node = &trace.nodes[k];
        let same = |site: &&mut Vec<usize>| {
            let other = &trace.nodes[site[0]];
            !node.operands.is_empty()
                && node.operation.name == other.operation.name
                && node.operands.len() == other.operands.len()
                && node.at.same(&other.at)
        };
        match sites.iter_mut().find(same) {
            Some(site) => site.push(k),
            None => sites.push(vec![k]),
        }
    }
    sites.into_iter().map(Rc::from).collect()
}

impl Search<'_> {
    fn trace(&self) -> &Trace {
        self.numbers[0].trace
    }

    fn varies(&self, operand: Operand) -> bool {
        matches!(operand, Operand::Node(k) if self.trace().nodes[k].varies)
    }

    /// All that can go wrong at a site.
    fn changes(&self, site: &Site) -> Vec<Change> {
        let node = &self.trace().nodes[site[0]];
        let rule = node.operation.rule().unwrap_or_default();
        let mut wrong: Vec<Wrong> = vec![];
        if node.varies && !node.operands.is_empty() {
            // A product with a number has no second half.
            let both = node.operands.iter().all(|x| self.varies(*x));
            wrong.extend(
                rules::of_rule(rule).filter(|wrong| both || !wrong.words.starts_with("half")),
            );
            wrong.extend(rules::of_rule("any"));
            for (k, _) in node.operands.iter().enumerate().filter(|(_, x)| self.varies(**x)) {
                let few = node.operands.len() <= 2;
                let usual = |wrong: &Wrong| few || matches!(wrong.taken, "0" | "2" | "-");
                wrong.extend(rules::local(k).into_iter().filter(usual));
            }
            if crate::activation::named(rule, Some(1.0)).is_some() {
                wrong.extend(rules::of_rule("function"));
            }
            if self.is_logit(site) {
                wrong.extend(rules::of_rule("loss"));
            }
        }
        if node.varies && node.operands.is_empty() {
            wrong.extend(rules::of_rule("leaf"));
        }
        if node.varies && self.numbers[0].users[site[0]].1 > 2 {
            wrong.extend(rules::of_rule("users"));
        }
        let mut changes = vec![];
        for wrong in wrong {
            let nodes = site.clone();
            if wrong.part != Part::Elsewhere {
                changes.push(Change { nodes, others: Rc::from([]), wrong });
                continue;
            }
            for other in self.sites.iter().filter(|other| other[0] != site[0]) {
                let others: Site = match other.len() {
                    1 => vec![other[0]; site.len()].into(),
                    count if count == site.len() => other.clone(),
                    _ => continue,
                };
                changes.push(Change { nodes: nodes.clone(), others, wrong });
            }
        }
        changes
    }

    /// Whether the output's slope in all of these is k (a − label), with the same k everywhere.
    fn is_logit(&self, site: &Site) -> bool {
        let mut factors = self.numbers.iter().flat_map(|numbers| {
            site.iter().map(|&node| {
                let up = numbers.up[node];
                let a = Sigmoid.f(numbers.trace.nodes[node].value.get(0, 0));
                if up > 0.0 { up / a } else { -up / (1.0 - a) }
            })
        });
        let Some(first) = factors.next() else { return false };
        let mut others = factors.peekable();
        others.peek().is_some() && others.all(|k| (k - first).abs() <= 1e-9 * first)
    }

    /// Whether these changes explain all, at all points.
    fn fits(&self, changes: &[&Change], entries: &[usize]) -> bool {
        let explains = |numbers: &&Numbers| {
            entries.iter().all(|&i| numbers.entries[i].explained_by(numbers.effect(changes, i)))
        };
        self.numbers.iter().all(explains)
            && self.numbers.iter().any(|n| entries.iter().any(|&i| n.entries[i].is_clear()))
    }

    /// The single slips that explain these entries.
    fn singles(&self, entries: &[usize]) -> Vec<Slip> {
        let mut found = self.at(&self.sites, entries);
        let several = self.sites.iter().filter(|site| site.len() > 1);
        // What stands at one place in the code may be several operations: x * y * z.
        let code = |site: &&Site| matches!(self.trace().nodes[site[0]].at, Place::Code(_));
        let none = found.is_empty();
        let nodes = several.clone().filter(|site| none || code(site));
        let nodes = nodes.flat_map(|site| site.iter().map(|&node| Rc::from([node])));
        found.extend(self.at(&nodes.collect::<Vec<_>>(), entries));
        if found.is_empty() {
            let every = |site: &Site, r: usize, k: usize| -> Site {
                site.iter().copied().skip(k).step_by(r).collect()
            };
            let strides = several.flat_map(|site| {
                let fit = (2..=4).filter(|r| site.len() % r == 0 && site.len() > *r);
                fit.flat_map(move |r| (0..r).map(move |k| every(site, r, k)))
            });
            found = self.at(&strides.collect::<Vec<_>>(), entries);
        }
        self.of_each_kind(found)
    }

    fn at(&self, sites: &[Site], entries: &[usize]) -> Vec<Slip> {
        let look = |site: &Site| {
            let fit = self.changes(site).into_iter().filter(|change| self.fits(&[change], entries));
            fit.min_by_key(|change| change.wrong.rank).map(|change| self.slip(&change, entries))
        };
        sites.iter().filter_map(look).collect()
    }

    /// The likeliest first; of one kind, the first with the places of the others.
    fn of_each_kind(&self, mut found: Vec<Slip>) -> Vec<Slip> {
        found.sort_by_key(|slip| slip.rank);
        let mut kinds: Vec<Slip> = vec![];
        for slip in found {
            match kinds.iter_mut().find(|known| known.kind == slip.kind) {
                Some(known) => known.also.push(slip.place),
                None => kinds.push(slip),
            }
        }
        kinds
    }

    /// Two slips at once, of the commoner kinds, where there are numbers enough to tell.
    fn pairs(&self, entries: &[usize]) -> Vec<Slip> {
        let clear =
            self.numbers.iter().map(|n| entries.iter().filter(|&&i| n.entries[i].is_clear()));
        let common = |wrong: &Wrong| wrong.rank <= 1 || matches!(wrong.taken, "-" | "2" | "1/2");
        let changes: Vec<Change> = self.sites.iter().flat_map(|site| self.changes(site)).collect();
        let changes: Vec<&Change> = changes.iter().filter(|change| common(&change.wrong)).collect();
        if clear.map(Iterator::count).sum::<usize>() < 5 || changes.len() > 600 {
            return vec![];
        }
        let mut best: Option<[&Change; 2]> = None;
        let rank = |pair: &[&Change; 2]| pair[0].wrong.rank + pair[1].wrong.rank;
        for (k, first) in changes.iter().enumerate() {
            for second in changes[k + 1..].iter().filter(|c| c.nodes[0] != first.nodes[0]) {
                let pair = [*first, *second];
                if best.as_ref().is_none_or(|best| rank(&pair) < rank(best))
                    && self.fits(&pair, entries)
                {
                    best = Some(pair);
                }
            }
        }
        best.map_or(vec![], |[first, second]| {
            let with = Some(Box::new(self.slip(second, entries)));
            vec![Slip { with, ..self.slip(first, entries) }]
        })
    }

    /// What is no rule got wrong: another number at one site, a term too many or too few, the derivative
    /// of something else.
    fn others(&self, entries: &[usize]) -> Vec<Slip> {
        let found = self.sites.iter().filter_map(|site| self.computed(site, entries)).collect();
        let mut found = self.of_each_kind(found);
        if found.is_empty() {
            found.extend(self.term(entries));
        }
        if found.is_empty() {
            found.extend(self.of_something_else(entries));
        }
        found
    }

    /// Whether some other number at a site explains all: the same at all points, or the same multiple
    /// of what is right, or one that two entries agree upon.
    fn computed(&self, site: &Site, entries: &[usize]) -> Option<Slip> {
        let node = &self.trace().nodes[site[0]];
        let mut operands =
            (0..node.operands.len().min(2)).filter(|k| self.varies(node.operands[*k]));
        operands.find_map(|k| {
            let wrong = rules::local(k).into_iter().find(|wrong| wrong.taken == "2")?;
            let change = Change { nodes: site.clone(), others: Rc::from([]), wrong };
            // What is right, doubled, has this effect; so many times that is wanted.
            let (mut factors, mut clear, mut agreed) = (vec![], 0, false);
            for numbers in self.numbers {
                let mut here: Option<f64> = None;
                for &i in entries {
                    let effect = numbers.effect(&[&change], i);
                    let entry = &numbers.entries[i];
                    let factor = here.unwrap_or(entry.gap / effect);
                    let effect = if effect == 0.0 { 0.0 } else { factor * effect };
                    if !entry.explained_by(effect) {
                        return None;
                    }
                    if entry.is_clear() {
                        agreed |= here.is_some();
                        (here, clear) = (Some(factor), clear + 1);
                    }
                }
                factors.extend(here.map(|factor| (1.0 + factor, numbers.local[site[0]][k])));
            }
            let (factor, local) = *factors.first()?;
            let near = |x: f64, y: f64| (x - y).abs() <= 1e-6 * y.abs();
            let same_factor = factors.iter().all(|(other, _)| near(*other, factor));
            let same_number = site.len() == 1
                && factors.iter().all(|(other, there)| near(other * there, factor * local));
            if clear < 2 || !(agreed || same_factor || same_number) {
                return None;
            }
            let mut slip = self.slip(&change, entries);
            let own = super::text(self.trace(), site[0]);
            let taken = match same_factor {
                true => format!("{} times what it is", short(factor)),
                false => short(factor * local),
            };
            slip.what = format!("that is what comes out if the slope of {own} were {taken}");
            let [taken, right] = [factor * local, local].map(Compact);
            slip.numbers = format!("taken {taken:.7}, right {right:.7}");
            slip.hint = format!("look at the slope of {own} again");
            (slip.rank.0, slip.kind) = (8, format!("computed {same_factor}"));
            Some(slip)
        })
    }

    /// A constant, or a constant times the parameter, that all entries have too many or too few.
    fn term(&self, entries: &[usize]) -> Option<Slip> {
        let first = &self.numbers[0].entries[entries[0]];
        let count = self.numbers.len() * entries.len();
        let value = |n: &Numbers, i: usize| n.trace.nodes[n.entries[i].var].value.get(0, 0);
        [false, true].into_iter().find_map(|times| {
            let unit = |n: &Numbers, i: usize| -> f64 { if times { value(n, i) } else { 1.0 } };
            let c = first.gap / unit(self.numbers[0], entries[0]);
            let fits =
                |n: &&Numbers| entries.iter().all(|&i| n.entries[i].explained_by(c * unit(n, i)));
            if count < 2 || !first.is_clear() || !self.numbers.iter().all(fits) {
                return None;
            }
            let name = super::text(self.trace(), first.var);
            let size = short(c.abs());
            let term = if times { format!("{size} {name}") } else { size };
            let [what, hint] = match c > 0.0 {
                true => ["has the term", "subtract"],
                false => ["lacks the term", "add"],
            };
            let what = format!("yours {what} {term}");
            Some(self.plain(first.var, what, format!("{hint} {term}"), entries))
        })
    }

    /// The derivative of another node than the output.
    fn of_something_else(&self, entries: &[usize]) -> Option<Slip> {
        let is = |node: &usize| {
            let yours = |n: &&Numbers| {
                entries.iter().all(|&i| {
                    let entry = &n.entries[i];
                    entry.yours != 0.0
                        && entry.explained_by(
                            entry.slopes[*node] - entry.slopes[entry.slopes.len() - 1],
                        )
                })
            };
            self.numbers.iter().all(yours) && self.numbers.len() * entries.len() > 1
        };
        let node =
            (0..self.trace().nodes.len()).filter(|&k| self.trace().nodes[k].varies).find(is)?;
        let own = super::text(self.trace(), node);
        let what = format!("that is the derivative of {own}, not of the output");
        Some(self.plain(node, what, format!("go on from {own} to the output"), entries))
    }

    fn plain(&self, node: usize, what: String, hint: String, entries: &[usize]) -> Slip {
        Slip {
            place: self.trace().nodes[node].at.clone(),
            also: vec![],
            what,
            numbers: String::new(),
            hint,
            points: self.numbers.len(),
            entries: self.names(entries),
            with: None,
            rank: (9, 1, node),
            kind: String::new(),
        }
    }

    /// The names of entries, unless they are all.
    pub fn names(&self, entries: &[usize]) -> Vec<String> {
        let all = &self.numbers[0].entries;
        let name = |i: &usize| self.trace().label(all[*i].var);
        if entries.len() < all.len() { entries.iter().map(name).collect() } else { vec![] }
    }
}
