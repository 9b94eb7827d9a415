//! The search for the rule that was applied wrongly.

use std::rc::Rc;

use super::rules::Wrong;
use super::{Claim, Explained, Slip};
use crate::trace::{Operand, Place, Trace};

/// One point: what is wrong there, and what a wrong rule would make of it.
pub(super) trait Point: Sized {
    /// What a wrong rule gives.
    type Given: Copy;

    fn claim(&self) -> &Claim;
    fn is_finite(&self) -> bool;
    /// Whether the derivative by hand of this number is right; None where rounding hides it.
    fn is_right(&self, i: usize) -> Option<bool>;
    /// Whether by how much it is wrong is known to several digits.
    fn is_clear(&self, i: usize) -> bool;
    /// Whether it is what comes out with these changes.
    fn is_explained(&self, changes: &[&Change<Self::Given>], i: usize) -> bool;

    /// All that can go wrong at a site.
    fn changes(search: &Search<Self>, site: &Site) -> Vec<Change<Self::Given>>;
    /// A change that explains these derivatives, in words.
    fn slip(search: &Search<Self>, change: &Change<Self::Given>, entries: &[usize]) -> Slip;
    /// What else than a rule applied wrongly explains these derivatives.
    fn others(search: &Search<Self>, entries: &[usize]) -> Vec<Slip>;
}

/// All nodes that one operation at one place recorded; or one of them; or every other one.
pub(super) type Site = Rc<[usize]>;

/// A wrong rule at some nodes, each with the other node that it may look at.
pub(super) struct Change<Given> {
    pub nodes: Site,
    pub others: Site,
    pub wrong: Wrong<Given>,
}

pub(super) struct Search<'a, P> {
    pub points: Vec<&'a P>,
    pub sites: Vec<Site>,
    /// Sites of the same words.
    pub repeated: Vec<Site>,
    /// All derivatives by hand, and those that are wrong somewhere.
    pub all: Vec<usize>,
    pub wrong: Vec<usize>,
}

pub(super) fn explain<P: Point>(points: &[P]) -> Explained {
    let all: Vec<usize> = (0..points.first().map_or(0, |p| p.claim().yours.len())).collect();
    let is_wrong = |p: &P, i: usize| p.is_right(i) == Some(false);
    let wrong = points.iter().filter(|p| all.iter().any(|&i| is_wrong(p, i))).count();
    let right = all.iter().map(|&i| points.iter().map(|p| p.is_right(i)).collect()).collect();
    let mut explained = Explained { wrong, of: points.len(), right, ..Explained::default() };
    let like = |p: &&P| p.is_finite() && same_operations(p.claim(), points[0].claim());
    let points: Vec<&P> = points.iter().filter(like).collect();
    let Some(first) = points.first() else { return explained };
    let sites = sites(&first.claim().trace);
    let repeated = repeated(&first.claim().trace, &sites);
    let wrong = all.iter().copied().filter(|&i| points.iter().any(|p| is_wrong(p, i)));
    let wrong: Vec<usize> = wrong.collect();
    if !wrong.is_empty() {
        let search = Search { points, sites, repeated, all, wrong };
        let (slips, unexplained) = search.slips();
        (explained.slips, explained.unexplained) = (slips, search.names(&unexplained));
    }
    explained
}

fn same_operations(x: &Claim, y: &Claim) -> bool {
    let mut pairs = x.trace.nodes.iter().zip(&y.trace.nodes);
    x.trace.nodes.len() == y.trace.nodes.len()
        && pairs.all(|(x, y)| {
            x.operation.name == y.operation.name && x.operands.len() == y.operands.len()
        })
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
                && node.at == other.at
        };
        match sites.iter_mut().find(same) {
            Some(site) => site.push(k),
            None => sites.push(vec![k]),
        }
    }
    sites.into_iter().map(Site::from).collect()
}

/// What was typed more than once, in the same words, is one more site: it was differentiated once.
fn repeated(trace: &Trace, sites: &[Site]) -> Vec<Site> {
    let text = |site: &Site| match &trace.nodes[site[0]].at {
        Place::Text(stretch) => Some((trace.nodes[site[0]].operation.name, stretch.text())),
        Place::Code(_) => None,
    };
    let mut groups: Vec<Vec<&Site>> = vec![];
    for site in sites.iter().filter(|site| !trace.nodes[site[0]].operands.is_empty()) {
        match groups
            .iter_mut()
            .find(|group| text(group[0]).is_some() && text(group[0]) == text(site))
        {
            Some(group) => group.push(site),
            None => groups.push(vec![site]),
        }
    }
    let several = groups.into_iter().filter(|group| group.len() > 1);
    let all = several.map(|group| {
        let mut nodes: Vec<usize> =
            group.into_iter().flat_map(|site| site.iter().copied()).collect();
        nodes.sort_unstable();
        Site::from(nodes)
    });
    all.collect()
}

impl<P: Point> Search<'_, P> {
    pub fn trace(&self) -> &Trace {
        &self.points[0].claim().trace
    }

    /// The slips that explain what is wrong, the likeliest first, and the derivatives that stay
    /// unexplained.
    fn slips(&self) -> (Vec<Slip>, Vec<usize>) {
        let found = self.singles(&self.wrong);
        if !found.is_empty() {
            let slips = found.iter().map(|change| self.told(&[change], &self.wrong));
            return (self.of_each_kind(slips.collect()), vec![]);
        }
        let (each, unexplained, rules) = self.each();
        if unexplained.is_empty() && rules {
            return (each, vec![]);
        }
        let found = self.pair(&self.wrong);
        let found = if found.is_empty() { self.others(&self.wrong) } else { found };
        if found.is_empty() { (each, unexplained) } else { (found, vec![]) }
    }

    /// Whether these changes explain these derivatives, at all points.
    fn fits(&self, changes: &[&Change<P::Given>], entries: &[usize]) -> bool {
        let mut each = self.points.iter().flat_map(|p| entries.iter().map(move |&i| (p, i)));
        each.clone().all(|(p, i)| p.is_explained(changes, i)) && each.any(|(p, i)| p.is_clear(i))
    }

    /// The single changes that explain these derivatives: the likeliest first, one for each site.
    fn singles(&self, entries: &[usize]) -> Vec<Change<P::Given>> {
        let at = |sites: &mut dyn Iterator<Item = Site>| -> Vec<Change<P::Given>> {
            let best = |site: Site| {
                let fits = P::changes(self, &site).into_iter();
                let fits = fits.filter(|change| self.fits(&[change], entries)).map(|mut change| {
                    // What would have spoiled right ones, too, is less likely.
                    change.wrong.rank += u8::from(!self.fits(&[&change], &self.all));
                    change
                });
                fits.min_by_key(|change| change.wrong.rank)
            };
            sites.filter_map(best).collect()
        };
        let whole =
            |found: &[Change<P::Given>]| found.iter().any(|change| self.fits(&[change], &self.all));
        let several = || self.sites.iter().filter(|site| site.len() > 1);
        let mut found = at(&mut self.sites.iter().cloned());
        // What stands at one place in the code may be several operations: x * y * z.
        let code = |site: &&Site| matches!(self.trace().nodes[site[0]].at, Place::Code(_));
        let none = !whole(&found);
        let nodes = several().filter(|site| none || code(site));
        found.extend(at(&mut nodes.flat_map(|site| site.iter().map(|&node| Site::from([node])))));
        if !whole(&found) {
            let every = |site: &Site, r: usize, k: usize| -> Site {
                site.iter().copied().skip(k).step_by(r).collect()
            };
            found.extend(at(&mut several().flat_map(|site| {
                let fit = (2..=4).filter(|r| site.len() % r == 0 && site.len() > *r);
                fit.flat_map(move |r| (0..r).map(move |k| every(site, r, k)))
            })));
        }
        if found.is_empty() {
            found = at(&mut self.repeated.iter().cloned());
        }
        found.sort_by_key(|Change { nodes, wrong, .. }| (wrong.rank, nodes.len(), nodes[0]));
        found
    }

    /// A change for each of the wrong derivatives, or for several of them; those that stay unexplained;
    /// and whether each is a rule applied wrongly.
    fn each(&self) -> (Vec<Slip>, Vec<usize>, bool) {
        let (mut slips, mut unexplained, mut rules) = (vec![], vec![], true);
        let mut left = self.wrong.clone();
        while let Some(&first) = left.first() {
            let explains = |change: &Change<P::Given>| -> Vec<usize> {
                left.iter().copied().filter(|&i| self.fits(&[change], &[i])).collect()
            };
            let found = self.singles(&[first]);
            let found = found.iter().map(|change| (change, explains(change)));
            // The first of those that explain the most.
            let best = found.reduce(|x, y| if y.1.len() > x.1.len() { y } else { x });
            let mut explained = vec![first];
            if let Some((change, entries)) = best {
                slips.push(self.told(&[change], &entries));
                explained = entries;
            } else {
                rules = false;
                let other = self.others(&[first]).into_iter().next();
                unexplained.extend(other.is_none().then_some(first));
                slips.extend(other.map(|slip| Slip { entries: self.names(&[first]), ..slip }));
            }
            left.retain(|i| !explained.contains(i));
        }
        (chained(slips), unexplained, rules)
    }

    /// What else explains these, where enough digits are known to tell.
    fn others(&self, entries: &[usize]) -> Vec<Slip> {
        let clear = self.points.iter().any(|p| entries.iter().all(|&i| p.is_clear(i)));
        if clear { P::others(self, entries) } else { vec![] }
    }

    /// Two slips at once, of the commoner kinds, where there are numbers enough to tell.
    fn pair(&self, entries: &[usize]) -> Vec<Slip> {
        let clear = self.points.iter().flat_map(|p| entries.iter().filter(|&&i| p.is_clear(i)));
        let common = |change: &Change<P::Given>| {
            let Wrong { rank, taken, .. } = change.wrong;
            rank <= 1 || rank <= 3 && taken.is_empty()
        };
        let changes = self.sites.iter().flat_map(|site| P::changes(self, site)).filter(common);
        let changes: Vec<Change<P::Given>> = changes.collect();
        if clear.count() < 5 || changes.len() > 600 {
            return vec![];
        }
        let mut best: Option<[&Change<P::Given>; 2]> = None;
        let rank = |pair: &[&Change<P::Given>; 2]| pair[0].wrong.rank + pair[1].wrong.rank;
        for (k, first) in changes.iter().enumerate() {
            for second in changes[k + 1..].iter().filter(|c| c.nodes[0] != first.nodes[0]) {
                let pair = [first, second];
                if best.as_ref().is_none_or(|best| rank(&pair) < rank(best))
                    && self.fits(&pair, entries)
                {
                    best = Some(pair);
                }
            }
        }
        chained(best.into_iter().flatten().map(|change| self.told(&[change], entries)).collect())
    }

    /// A change in words, with the names of the derivatives that it explains, if it explains not all.
    fn told(&self, change: &[&Change<P::Given>], entries: &[usize]) -> Slip {
        let all = self.fits(change, &self.all);
        let names = if all { vec![] } else { self.names(entries) };
        Slip { entries: names, ..P::slip(self, change[0], entries) }
    }

    /// The likeliest first; of one kind, the first with the places of the others.
    pub fn of_each_kind(&self, found: Vec<Slip>) -> Vec<Slip> {
        let mut kinds: Vec<Slip> = vec![];
        for slip in found {
            match kinds.iter_mut().find(|known| known.kind == slip.kind) {
                Some(known) => {
                    let seen = [&known.place].into_iter().chain(&known.also);
                    if !seen.into_iter().any(|place| *place == slip.place) {
                        known.also.push(slip.place);
                    }
                }
                None => kinds.push(slip),
            }
        }
        kinds
    }

    /// The names of entries, unless they are all.
    pub fn names(&self, entries: &[usize]) -> Vec<String> {
        let name = |i: &usize| self.trace().label(self.points[0].claim().yours[*i].0);
        if self.all.len() > 1 { entries.iter().map(name).collect() } else { vec![] }
    }

    /// What yours is called: `it`, or of several `dw and db`.
    pub fn yours(&self, entries: &[usize]) -> String {
        let names: Vec<String> =
            self.names(entries).iter().map(|name| format!("d{name}")).collect();
        if entries.len() == self.all.len() { "it".to_string() } else { names.join(" and ") }
    }

    /// What concerns a node, without more. In code, a variable's place is where it is used first.
    pub fn at(&self, node: usize, what: String, hint: String) -> Slip {
        let nodes = &self.trace().nodes;
        let user = nodes.iter().find(|user| user.operands.contains(&Operand::Node(node)));
        let place = match (&nodes[node].at, user) {
            (Place::Code(_), Some(user)) if nodes[node].operands.is_empty() => &user.at,
            (own, _) => own,
        };
        Slip {
            place: place.clone(),
            which: String::new(),
            also: vec![],
            what,
            numbers: String::new(),
            hint,
            points: self.points.len(),
            entries: vec![],
            with: None,
            kind: String::new(),
        }
    }

    /// The same of a change, which may concern some of the nodes at its place only.
    pub fn plain(
        &self,
        Change { nodes, .. }: &Change<P::Given>,
        kind: String,
        what: String,
        hint: String,
    ) -> Slip {
        let site = self.sites.iter().find(|site| site.contains(&nodes[0]));
        let site = site.filter(|site| site.len() > nodes.len());
        let which = site.map_or(String::new(), |site| {
            let name = self.trace().nodes[site[0]].operation.name;
            let nth = |node| ordinal(site.iter().position(|k| k == node).unwrap_or(0));
            let all: Vec<String> = nodes.iter().map(nth).collect();
            format!("the {} `{name}` of {} there", all.join(", "), site.len())
        });
        Slip { which, kind, ..self.at(nodes[0], what, hint) }
    }
}

/// Slips that happened together, as one.
fn chained(slips: Vec<Slip>) -> Vec<Slip> {
    let with = |with: Slip, slip: Slip| Slip { with: Some(Box::new(with)), ..slip };
    slips.into_iter().rev().reduce(with).into_iter().collect()
}

fn ordinal(k: usize) -> String {
    const FIRST: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    FIRST.get(k).map_or_else(|| format!("{}th", k + 1), |word| word.to_string())
}
