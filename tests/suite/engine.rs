//! The engine against a textbook tape, its memory, and values of one's own on a tape.

use std::cell::Cell;
use std::hint::black_box;
use std::ops::{Add, Div, Mul, Neg, Sub};

use proptest::prelude::*;

use crate::common::config;
use chainrule::activation::Activation;
use chainrule::arithmetic::{Number, Operand};
use chainrule::scalar::{self, Var};
use chainrule::tape::{self, Value};
use chainrule::tensor::{self, Tensor};
use chainrule::trace;

/// A step of a random program: a variable, a constant, or an operation on earlier steps and plain
/// numbers, each with its local derivative.
#[derive(Clone, Debug)]
enum Step {
    Var,
    Const,
    Operation(Vec<(Input, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Input {
    Step(usize),
    Number(f64),
}

/// For each node, newest first, for each edge: gradient += local × upstream. `None`: nothing came.
fn textbook(program: &[Step], output: usize) -> Vec<f64> {
    let mut varies = vec![];
    for step in program {
        varies.push(match step {
            Step::Var => true,
            Step::Const => false,
            Step::Operation(edges) => {
                edges.iter().any(|(input, _)| matches!(input, Input::Step(k) if varies[*k]))
            }
        });
    }
    let mut gradients: Vec<Option<f64>> = vec![None; program.len()];
    gradients[output] = Some(1.0);
    for k in (0..=output).rev() {
        let (Some(upstream), Step::Operation(edges)) = (gradients[k], &program[k]) else {
            continue;
        };
        for (input, local) in edges {
            let Input::Step(input) = *input else { continue };
            if varies[input] {
                let contribution = local * upstream;
                gradients[input] =
                    Some(gradients[input].map_or(contribution, |g| g + contribution));
            }
        }
    }
    gradients.into_iter().map(|gradient| gradient.unwrap_or(0.0)).collect()
}

fn record<'t>(tape: &'t scalar::Tape, program: &[Step]) -> Vec<Var<'t>> {
    let mut vars: Vec<Var> = vec![];
    for (k, step) in program.iter().enumerate() {
        let operand = |&(input, local): &(Input, f64)| match input {
            Input::Step(k) => (Operand::Var(vars[k]), local),
            Input::Number(number) => (Operand::Number(number), local),
        };
        vars.push(match step {
            Step::Var => tape.var(k as f64),
            Step::Const => tape.constant(k as f64),
            Step::Operation(edges) => tape.record("step", k as f64, edges.iter().map(operand)),
        });
    }
    vars
}

fn program() -> impl Strategy<Value = Vec<Step>> {
    let special = [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-308, 1e308];
    let local = prop_oneof![3 => -2.0..2.0, 1 => prop::sample::select(special.to_vec())];
    let operand = (any::<prop::sample::Index>(), 0..5_u8, local);
    let step = (0..12_u8, prop::collection::vec(operand, 0..7));
    prop::collection::vec(step, 1..25).prop_map(|steps| {
        let step = |(k, (kind, operands)): (usize, (u8, Vec<_>))| match kind {
            0 | 1 => Step::Var,
            2 => Step::Const,
            _ => Step::Operation(
                operands
                    .into_iter()
                    .map(|(index, kind, local): (prop::sample::Index, u8, f64)| match kind {
                        0 => (Input::Number(local), 7.0),
                        _ if k == 0 => (Input::Number(1.0), f64::INFINITY),
                        _ => (Input::Step(index.index(k)), local),
                    })
                    .collect(),
            ),
        };
        steps.into_iter().enumerate().map(step).collect()
    })
}

/// The same bits; one NaN is as good as another.
fn same(x: f64, y: f64) -> bool {
    x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()
}

proptest! {
    #![proptest_config(config(256, 20_000))]

    #[test]
    fn sweep_against_a_textbook_tape(program in program()) {
        let tape = scalar::Tape::new();
        let vars = record(&tape, &program);
        for output in 0..program.len() {
            let gradients = vars[output].backward();
            for (k, expected) in textbook(&program, output).into_iter().enumerate() {
                let found = gradients.wrt(vars[k]);
                prop_assert!(same(found, expected), "#{k} of #{output}: {found}, not {expected}");
            }
        }
        let trace = vars[program.len() - 1].trace();
        for step in trace.steps() {
            let operand = trace.nodes[step.node].operands[step.operand];
            prop_assert_eq!(operand, trace::Operand::Node(step.input));
        }
        for (node, step) in trace.nodes.iter().zip(&program) {
            let Step::Operation(edges) = step else { continue };
            let as_recorded = node.operands.iter().zip(edges).all(|(shown, edge)| match *shown {
                trace::Operand::Node(k) => edge.0 == Input::Step(k),
                trace::Operand::Number(x) => matches!(edge.0, Input::Number(y) if same(x, y)),
            });
            prop_assert!(as_recorded && node.operands.len() == edges.len(), "{node:?}");
        }
    }
}

/// What the sweep must tell apart: 0 × ∞ where a zero has come, and nothing where none has.
#[test]
fn a_zero_that_came_is_not_nothing() {
    let tape = scalar::Tape::new();
    let (x, y) = (tape.var(1.0), tape.var(1.0));
    let reached = tape.record("infinite", 1.0, [(x, f64::INFINITY)]);
    let unreached = tape.record("infinite", 1.0, [(y, f64::INFINITY)]);
    let output = tape.record("flat", 1.0, [(reached, 0.0)]);
    let gradients = output.backward();
    assert!(gradients.wrt(x).is_nan());
    assert_eq!(gradients.wrt(reached), 0.0);
    assert_eq!((gradients.wrt(unreached), gradients.wrt(y)), (0.0, 0.0));
}

/// Arithmetic takes the payload of a NaN along, but never gives the bits that mean "nothing".
#[test]
fn no_arithmetic_gives_nothing() {
    let nothing = f64::nothing();
    assert!(nothing.is_nothing() && nothing.is_nan());
    for other in [1.0, -1.0, 0.0, f64::INFINITY, f64::NAN, nothing, f64::from_bits(!0), 1e-310] {
        let (x, y) = (black_box(nothing), black_box(other));
        for made in [x * y, y * x, x + y, y + x, x - y, y - x, x / y, y / x, x.sqrt()] {
            assert!(black_box(made).is_nan() && !black_box(made).is_nothing(), "{other}");
        }
        for (local, upstream) in [(x, y), (y, x)] {
            let contribution = f64::carry_back(&local, &upstream);
            let mut sum = contribution;
            sum.accumulate(black_box(nothing));
            assert!(!contribution.is_nothing() && !sum.is_nothing(), "{other}");
        }
    }
    // As a value and as a local derivative it is a NaN like any other.
    let tape = scalar::Tape::new();
    let (x, y) = (tape.var(nothing), tape.var(2.0));
    let output = tape.record("mine", 1.0, [(x * y, nothing)]);
    assert!(output.backward().wrt(x).is_nan() && output.backward().wrt(y).is_nan());
}

/// A matrix without entries has come, too.
#[test]
fn a_matrix_of_no_entries_is_not_nothing() {
    let tape = tensor::Tape::new();
    let (b, x) = (tape.var(1.0.into()), tape.var(Tensor::zeros(0, 0)));
    let c = tape.record("infinite", 1.0.into(), [(b, tensor::Local::Scale(f64::INFINITY))]);
    let gradients = (c + x * 2.0).sum().backward();
    assert_eq!(gradients.wrt(x).shape(), (0, 0));
    assert_eq!(gradients.wrt(c).get(0, 0), 0.0);
    assert!(gradients.wrt(b).get(0, 0).is_nan());
}

/// The iterator of edges may record, and a node of many edges even between others of many.
#[test]
fn edges_that_record() {
    let tape = scalar::Tape::new();
    let x = tape.var(3.0);
    let sum = |k: f64| tape.record("sum", 0.0, (1..=5).map(|j| (x, k + f64::from(j))));
    let outer = tape.record("outer", 0.0, (0..7).map(|k| (sum(f64::from(k)), 1.0)));
    let expected: i32 = (0..7).map(|k| 5 * k + 15).sum();
    assert_eq!(outer.backward().wrt(x), f64::from(expected));
    assert_eq!(outer.trace().nodes[outer.index()].operands.len(), 7);
    assert_eq!(sum(0.0).backward().wrt(x), 15.0);
}

/// More sites than the table has places at first, over and over, and on the next tape.
#[test]
fn every_site_is_found_again() {
    let names: Vec<&'static str> = (0..2000).map(|k| &*format!("f{k}").leak()).collect();
    for _ in 0..2 {
        let mut tape = scalar::Tape::new();
        for _ in 0..3 {
            tape.clear();
            let mut x = tape.var(1.0);
            for &name in &names {
                x = tape.record(name, 1.0, [(x, 1.0)]);
            }
            let nodes = x.trace().nodes;
            assert!(nodes[1..].iter().map(|node| node.operation.name).eq(names.iter().copied()));
            assert!(nodes[1..].iter().all(|node| node.at.start().line == nodes[1].at.start().line));
        }
    }
}

#[cfg(target_os = "linux")]
mod memory {
    use super::*;
    use std::process::Command;

    /// Alone in a process, so that no other test's memory counts.
    fn alone(name: &str, work: fn()) {
        const ALONE: &str = "CHAINRULE_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return work();
        }
        let test = format!("engine::memory::{name}");
        let mut this = Command::new(std::env::current_exe().unwrap());
        let out = this.args([&test, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert!(out.status.success() && said.contains("1 passed"), "{said}");
    }

    /// Mebibytes that the process holds.
    fn held() -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }

    /// A tape of so many nodes, 40 bytes each.
    fn filled(count: usize) -> scalar::Tape {
        let tape = scalar::Tape::new();
        let mut x = tape.var(1.0);
        for _ in 1..count {
            x = -x;
        }
        tape
    }

    #[test]
    fn of_dropped_tapes_is_bounded() {
        alone("of_dropped_tapes_is_bounded", || {
            let before = held();
            drop(filled((1 << 20) + 1)); // room for twice as many, 80 MiB: more than is kept
            assert!(held() - before < 8.0, "{} MiB after a large tape", held() - before);
            let tapes: Vec<scalar::Tape> = (0..6).map(|_| filled(1 << 20)).collect();
            assert!(held() - before > 6.0 * 40.0);
            drop(tapes);
            let kept = held() - before;
            assert!((4.0 * 40.0..4.0 * 40.0 + 8.0).contains(&kept), "{kept} MiB after six tapes");
            let next = filled(1 << 20);
            assert!(held() - before < kept + 8.0, "the next tape takes what was left");
            drop(next);
            assert!(held() - before < kept + 8.0);
        });
    }

    #[test]
    fn of_a_thread_ends_with_it() {
        alone("of_a_thread_ends_with_it", || {
            let before = held();
            let work = || drop((filled(1 << 20), filled(1 << 20)));
            std::thread::spawn(work).join().unwrap();
            assert!(held() - before < 8.0, "{} MiB after a thread", held() - before);
        });
    }

    /// A site that was lost sight of would be listed again: 24 bytes each time.
    #[test]
    fn of_many_sites_does_not_grow() {
        alone("of_many_sites_does_not_grow", || {
            let names: Vec<&'static str> = (0..300).map(|k| &*format!("f{k}").leak()).collect();
            let mut tape = scalar::Tape::new();
            let mut rounds = |count: usize| {
                for _ in 0..count {
                    tape.clear();
                    for name in &names {
                        tape.record(*name, 1.0, [(1.0, 0.0)]);
                    }
                }
            };
            rounds(1);
            let before = held();
            rounds(5000);
            assert!(held() - before < 4.0, "{} MiB more", held() - before);
        });
    }
}

/// A number and its slope along one direction: as a value on a tape it gives second derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dual {
    value: f64,
    slope: f64,
}

impl From<f64> for Dual {
    fn from(value: f64) -> Dual {
        Dual { value, slope: 0.0 }
    }
}

impl Mul for Dual {
    type Output = Dual;
    fn mul(self, y: Dual) -> Dual {
        Dual { value: self.value * y.value, slope: self.slope * y.value + self.value * y.slope }
    }
}

impl Value for Dual {
    type Local = Dual;
    fn like(&self, entry: f64) -> Dual {
        entry.into()
    }
    fn nothing() -> Dual {
        f64::nothing().into()
    }
    fn is_nothing(&self) -> bool {
        self.value.is_nothing()
    }
    fn carry_back(local: &Dual, upstream: &Dual) -> Dual {
        *local * *upstream
    }
    fn accumulate(&mut self, contribution: Dual) {
        self.value += contribution.value;
        self.slope += contribution.slope;
    }
}

#[test]
fn forward_over_reverse() {
    fn mul<'t>(x: tape::Var<'t, Dual>, y: tape::Var<'t, Dual>) -> tape::Var<'t, Dual> {
        x.tape().record("mul", x.value() * y.value(), [(x, y.value()), (y, x.value())])
    }
    let tape = tape::Tape::new();
    let (x, unused) = (tape.var(Dual { value: 2.0, slope: 1.0 }), tape.var(1.0.into()));
    let gradients = mul(mul(x, x), x).backward(); // x³: 3x² and 6x
    assert_eq!(gradients.wrt(x), Dual { value: 12.0, slope: 12.0 });
    assert_eq!(gradients.wrt(unused), 0.0.into());
    assert_eq!(tape.var(0.5.into()).shape(), (1, 1));
}

/// A number that counts the local derivatives that are made of it.
#[derive(Clone, Debug, PartialEq)]
struct Counted(f64);

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
}

macro_rules! operator {
    ($Trait:ident, $method:ident) => {
        impl $Trait<&Counted> for Counted {
            type Output = Counted;
            fn $method(self, y: &Counted) -> Counted {
                Counted($Trait::$method(self.0, y.0))
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for Counted {
    type Output = Counted;
    fn neg(self) -> Counted {
        Counted(-self.0)
    }
}

impl From<f64> for Counted {
    fn from(x: f64) -> Counted {
        Counted(x)
    }
}

impl Value for Counted {
    type Local = f64;
    fn like(&self, entry: f64) -> Counted {
        Counted(entry)
    }
    fn nothing() -> Counted {
        Counted(f64::nothing())
    }
    fn is_nothing(&self) -> bool {
        self.0.is_nothing()
    }
    fn carry_back(local: &f64, upstream: &Counted) -> Counted {
        Counted(local * upstream.0)
    }
    fn accumulate(&mut self, contribution: Counted) {
        self.0 += contribution.0;
    }
}

impl Number for Counted {
    fn times(factor: Counted) -> f64 {
        MADE.set(MADE.get() + 1);
        factor.0
    }
    fn map_with_slope<A: Activation>(&self, f: &A) -> (Counted, Counted) {
        let (y, slope) = f.f_df(self.0);
        (Counted(y), Counted(slope))
    }
    fn zip(
        x: &Counted,
        y: &Counted,
        z: &Counted,
        f: impl Fn(f64, f64, f64) -> [f64; 3],
    ) -> Counted {
        Counted(f(x.0, y.0, z.0)[0])
    }
}

/// A local derivative is made where a gradient can go, and only there.
#[test]
fn no_local_derivative_without_a_use() {
    let tape = tape::Tape::new();
    let (x, y, c) = (tape.var(Counted(8.0)), tape.var(Counted(2.0)), tape.constant(Counted(4.0)));
    let count = |z: tape::Var<Counted>, dx: f64, made: usize| {
        assert_eq!((MADE.replace(0), z.backward().wrt(x)), (made, Counted(dx)));
    };
    MADE.set(0);
    count(x / y, 0.5, 2);
    count(x / 4.0, 0.25, 1);
    count(4.0 / x, -0.0625, 1);
    count(x / c, 0.25, 1);
    count(c / x, -0.0625, 1);
    count(c * x, 4.0, 1);
    count(c / c, 0.0, 0);
    count(x.max(0.0), 1.0, 1);
    count(x.pow(y), 16.0, 2);
    count(x.pow(2.0), 16.0, 1);
}
