//! What outlives a recording: the sites of the program, and the memory of dropped tapes.

use std::any::Any;
use std::cell::RefCell;
use std::mem::take;
use std::panic::Location;

use super::recording::Recording;
use super::{Operation, Value};

/// What all nodes have in common that one line recorded with one operation.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    pub operation: Operation,
    /// The learner's line.
    pub at: &'static Location<'static>,
}

/// All sites of a recording, each listed once, and never forgotten.
pub(super) struct Sites {
    all: Vec<Site>,
    /// A hash table of them; at least half of its places are empty.
    places: Vec<Option<Place>>,
}

/// How a site is found again, and its number.
#[derive(Clone, Copy)]
struct Place {
    at: &'static Location<'static>,
    /// Where the operation's name lies in memory, and whether it is a rule of this crate.
    name: usize,
    ours: bool,
    number: u32,
}

impl Sites {
    pub const fn none() -> Self {
        Sites { all: vec![], places: vec![] }
    }

    pub fn get(&self, number: u32) -> Site {
        self.all[number as usize]
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.places.len() * size_of::<Option<Place>>()
    }

    /// The number of a site, if it is listed.
    #[inline(always)]
    pub fn find(&self, site: Site) -> Option<u32> {
        let mut place = self.place(site);
        let (name, ours) = site.operation.key();
        while let Some(Some(known)) = self.places.get(place) {
            if std::ptr::eq(known.at, site.at) && known.name == name && known.ours == ours {
                return Some(known.number);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        None
    }

    /// Where to look first: where a line's description and a name lie in memory, mixed well
    /// (Fibonacci hashing).
    #[inline(always)]
    fn place(&self, Site { operation, at }: Site) -> usize {
        let address = std::ptr::from_ref(at).addr() as u64 + 5 * operation.key().0 as u64;
        let hash = address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        hash as usize & self.places.len().wrapping_sub(1)
    }

    /// Lists a site, if it is new, at the first empty place.
    pub fn add(&mut self, site: Site) {
        if self.find(site).is_some() {
            return;
        }
        if 2 * self.all.len() >= self.places.len() {
            self.places = vec![None; (2 * self.places.len()).max(256)];
            take(&mut self.all).into_iter().for_each(|site| self.add(site));
        }
        let mut place = self.place(site);
        while self.places[place].is_some() {
            place = (place + 1) & (self.places.len() - 1);
        }
        let (name, ours) = site.operation.key();
        self.places[place] = Some(Place { at: site.at, name, ours, number: self.all.len() as u32 });
        self.all.push(site);
    }
}

thread_local! {
    /// What dropped tapes of this thread have left, the latest last.
    static LEFT: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(vec![]) };
}

/// A thread keeps so many recordings, and none that takes more than so many bytes.
const KEPT: usize = 4;
const KEPT_BYTES: usize = 64 << 20;

/// An empty recording, in memory that a dropped tape has left, if there is some.
pub(super) fn reuse<V: Value>() -> Recording<V> {
    let latest = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        let latest = left.iter().rposition(|recording| recording.is::<Recording<V>>())?;
        left.remove(latest).downcast().ok()
    });
    latest.ok().flatten().map_or(Recording::empty(), |recording| *recording)
}

/// Leaves the memory of a recording to the next tape of this thread.
pub(super) fn leave<V: Value>(mut recording: Recording<V>) {
    recording.clear();
    if recording.capacity() > KEPT_BYTES {
        return;
    }
    // A thread that is about to end has no list any more.
    let _ = LEFT.try_with(|left| {
        let mut left = left.borrow_mut();
        if left.len() == KEPT {
            left.remove(0);
        }
        left.push(Box::new(recording));
    });
}
