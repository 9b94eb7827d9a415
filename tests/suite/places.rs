//! Whatever the operation: a mistake in the program is told at the learner's own line, and two
//! tapes before shapes. The sources say which operations there are, so that none is forgotten here.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{panic_of, place, sources};
use chainrule::activation::{Activation, Identity, Sigmoid};
use chainrule::arithmetic::{Number, max, min, pow};
use chainrule::check::{self, Comparison};
use chainrule::data::{Classifier, Examples, Standardizer, one_hot};
use chainrule::dual::Dual;
use chainrule::formula::Formula;
use chainrule::logistic::{accuracy, closed_form, initialize_with_zeros};
use chainrule::network::{LayerGrads, Network, cross_entropy, squared_error};
use chainrule::tape::{self, Value};
use chainrule::tensor::{self, Local, Tensor};
use chainrule::{dual, scalar, view};

/// An operation, by the name that the sources give it, and a mistake made with it.
struct Case<Work> {
    operation: &'static str,
    says: &'static str,
    line: u32,
    work: Work,
}

macro_rules! case {
    ($operation:literal, $says:expr, || $work:expr) => {
        Case { operation: $operation, says: $says, line: line!(), work: || drop_all($work) }
    };
    ($operation:literal, |$x:ident, $y:ident| $work:expr) => {
        Case { operation: $operation, says: "", line: line!(), work: |$x, $y| drop_all($work) }
    };
}

fn drop_all<T>(_: T) {}

struct WithoutSecond;

impl Activation for WithoutSecond {
    fn name(&self) -> &'static str {
        "mine"
    }
    fn f(&self, x: f64) -> f64 {
        x
    }
    fn df(&self, _: f64, _: f64) -> f64 {
        1.0
    }
}

type OfTwo<V> = Vec<Case<fn(tape::Var<'static, V>, tape::Var<'static, V>)>>;

/// Those that look at the shapes of their operands.
fn with_shapes<V: Number>() -> OfTwo<V> {
    vec![
        case!("arithmetic::operator!(Add, add)", |x, y| x + y),
        case!("arithmetic::operator!(Sub, sub)", |x, y| x - y),
        case!("arithmetic::operator!(Mul, mul)", |x, y| x * y),
        case!("arithmetic::operator!(Div, div)", |x, y| x / y),
        case!("arithmetic::function_of_two!(pow)", |x, y| pow(x, y)),
        case!("arithmetic::function_of_two!(max)", |x, y| max(x, y)),
        case!("arithmetic::function_of_two!(min)", |x, y| min(x, y)),
        case!("arithmetic::$name", |x, y| pow(x, y)),
        case!("arithmetic::Var::$name", |x, y| x.pow(y)),
        case!("arithmetic::Var::$name", |x, y| x.max(y)),
        case!("arithmetic::Var::$name", |x, y| x.min(y)),
    ]
}

fn of_matrices() -> OfTwo<Tensor> {
    vec![case!("tensor::Var::matmul", |x, y| x.matmul(y.t()))]
}

/// Those that do not.
fn of_any_shape<V: Number>() -> OfTwo<V> {
    fn edge<V: Number>(x: tape::Var<'static, V>) -> (tape::Var<'static, V>, V::Local) {
        (x, 1.0.into())
    }
    vec![
        case!("tape::Tape::record", |x, y| x.tape().record("f", x.value(), [edge(y)])),
        case!("tape::Tape::record", |x, y| x.tape().record("f", x.value(), [x, y].map(edge))),
        case!("tape::Tape::record", |x, y| x.tape().record("f", x.value(), [x, x, y].map(edge))),
        case!("tape::Gradients::wrt", |x, y| x.tape().var(1.0.into()).backward().wrt(y)),
    ]
}

fn of_numbers() -> OfTwo<f64> {
    vec![
        case!("scalar::Tape::sum", |x, y| x.tape().sum([x, y])),
        case!("scalar::Tape::dot", |x, y| x.tape().dot(&[y], &[1.0])),
        case!("scalar::Tape::dot", |x, y| x.tape().dot(&[x], &[y])),
        case!("scalar::Tape::dot", |x, y| x.tape().dot(&[y], &[1.0, 2.0])), // and of two lengths
        case!("scalar::Tape::dot", |x, y| x.tape().dot(&[], &[y])),
    ]
}

fn tape<V: Value>() -> &'static tape::Tape<V> {
    Box::leak(Box::default())
}

fn zeros(rows: usize, columns: usize) -> Tensor {
    Tensor::zeros(rows, columns)
}

/// Two inputs, three nodes.
fn network() -> Network {
    Network::new(2).layer(3, Sigmoid)
}

fn examples() -> Examples {
    let mut examples =
        Examples::from_csv(&b"u,v,label\n1,2,0\n3,4,1\n"[..], "", None, &[]).unwrap();
    examples.y = zeros(1, 3);
    examples
}

/// More rows or columns than a matrix may have.
const HUGE: usize = Tensor::MOST + 1;
const FOREIGN: &str = "to another tape";
const CLEARED: &str = "the tape was cleared since";
const SHAPES: &str = "shapes do not fit entry by entry";

fn of_one() -> Vec<Case<fn()>> {
    let (foreign, cleared, shapes) = (FOREIGN, CLEARED, SHAPES);
    vec![
        case!("tape::Gradients::wrt", cleared, || {
            let mut tape = scalar::Tape::new();
            let old = tape.var(1.0).backward();
            tape.clear();
            old.wrt(tape.var(1.0))
        }),
        case!("tape::Gradients::wrt", cleared, || {
            let mut tape = tensor::Tape::new();
            let old = tape.var(1.0.into()).backward();
            tape.clear();
            old.wrt(tape.var(zeros(2, 3)))
        }),
        case!("tape::Var::backward", "from a single number", || tape().var(zeros(2, 3)).backward()),
        case!("trace::Var::trace", "from a single number", || tape().var(zeros(2, 3)).trace()),
        case!("check::derivation::Claim::new", "newer than the output", || {
            let tape = tape::<f64>();
            let (y, x) = (tape.var(1.0), tape.var(2.0));
            check::Claim::new(y, &[(x, 1.0)])
        }),
        case!("check::derivation::derivation", foreign, || {
            check::derivation(tape().var(1.0), &[(tape().var(2.0), 1.0)])
        }),
        case!("scalar::Tape::dot", "as many weights", || {
            let tape = tape();
            tape.dot(&[tape.var(1.0)], &[1.0, 2.0])
        }),
        case!("formula::Formula::eval", "has 2 variables, not 1", || {
            Formula::parse("x*y").unwrap().eval(&[1.0])
        }),
        case!("formula::Formula::record", "has 2 variables, not 1", || {
            Formula::parse("x*y").unwrap().record(&[tape().var(1.0)])
        }),
        case!("tape::Value::carry_back", "matmul shapes", || {
            Tensor::carry_back(&Local::MatmulLeft(zeros(2, 3)), &zeros(3, 2))
        }),
        case!("tape::Value::accumulate", "added into", || zeros(2, 3).accumulate(zeros(1, 3))),
        case!("arithmetic::Number::zip", shapes, || {
            Number::zip(&zeros(2, 3), &zeros(3, 2), &zeros(2, 3), |_, _, _| [0.0; 3])
        }),
        case!("arithmetic::Number::aligned", shapes, || {
            let tape = tape();
            Number::aligned(tape.var(zeros(2, 3)), tape.var(zeros(3, 2)))
        }),
        case!("tensor::local::Local::carry_back", shapes, || {
            Local::Elementwise(zeros(2, 3)).carry_back(&zeros(3, 2))
        }),
        case!("tensor::value::elementwise!(Add, add, +)", shapes, || &zeros(2, 3) + &zeros(3, 2)),
        case!("tensor::value::elementwise!(Add, add, +)", shapes, || &zeros(2, 3) + zeros(3, 2)),
        case!("tensor::value::elementwise!(Add, add, +)", shapes, || zeros(2, 3) + &zeros(3, 2)),
        case!("tensor::value::elementwise!(Add, add, +)", shapes, || zeros(2, 3) + zeros(3, 2)),
        case!("tensor::value::elementwise!(Sub, sub, -)", shapes, || zeros(2, 3) - zeros(3, 2)),
        case!("tensor::value::elementwise!(Mul, mul, *)", shapes, || zeros(2, 3) * zeros(3, 2)),
        case!("tensor::value::elementwise!(Div, div, /)", shapes, || zeros(2, 3) / zeros(3, 2)),
        case!("tensor::value::Tensor::new", "do not fill", || Tensor::new(2, 3, vec![0.0; 5])),
        case!("tensor::value::Tensor::from_rows", "different lengths", || {
            Tensor::from_rows(&[vec![1.0], vec![]])
        }),
        case!("tensor::value::Tensor::zeros", "too large", || Tensor::zeros(HUGE, 1)),
        case!("tensor::value::Tensor::filled", "too large", || Tensor::filled(HUGE, 1, 1.0)),
        case!("tensor::value::Tensor::get", "no entry", || zeros(2, 3).get(0, 3)),
        case!("tensor::value::Tensor::columns", "no columns", || zeros(2, 3).columns(1..4)),
        case!("tensor::value::Tensor::matmul", "matmul", || zeros(2, 3).matmul(&zeros(2, 3))),
        case!("network::Network::layer", "too large", || Network::new(HUGE).layer(2, Sigmoid)),
        case!("network::Network::forward", "parameters of layer 1", || {
            let (tape, network) = (tape(), Box::leak(Box::new(network())));
            let other = Network::new(3).layer(3, Sigmoid).parameters(tape);
            network.forward(&other, tape.var(zeros(2, 4))).z
        }),
        case!("network::Network::forward", "matmul shapes", || {
            let (tape, network) = (tape(), Box::leak(Box::new(network())));
            network.forward(&network.parameters(tape), tape.var(zeros(3, 4))).z
        }),
        case!("network::Network::forward", foreign, || {
            let network = Box::leak(Box::new(network()));
            network.forward(&network.parameters(tape()), tape().var(zeros(2, 4))).z
        }),
        case!("network::Network::forward", foreign, || {
            let network = Box::leak(Box::new(network()));
            network.forward(&network.parameters(tape()), tape().var(zeros(3, 4))).z
        }),
        case!("network::Network::predict", "matmul shapes", || network().predict(&zeros(3, 4))),
        case!("network::Network::propagate", "the network takes", || {
            network().propagate(&zeros(3, 4), &zeros(3, 4), squared_error)
        }),
        case!("network::Network::propagate", "does not fit X", || {
            network().propagate(&zeros(2, 4), &zeros(3, 5), squared_error)
        }),
        case!("network::Network::propagate", "the loss is", || {
            network().propagate(&zeros(2, 4), &zeros(3, 4), |output, _| output.z.sum())
        }),
        case!("network::Network::propagate", foreign, || {
            network().propagate(&zeros(2, 4), &zeros(3, 4), |_, _| tape().var(zeros(1, 4)))
        }),
        case!("network::Network::propagate", foreign, || {
            network().propagate(&zeros(2, 4), &zeros(3, 4), |_, _| tape().var(zeros(1, 1)))
        }),
        case!("network::Network::train", "does not fit X", || {
            network().train(&zeros(2, 4), &zeros(3, 5), squared_error, 1, 0.5, |_, _, _| ())
        }),
        case!("network::Network::train", foreign, || {
            let (x, y) = (zeros(2, 4), zeros(3, 4));
            network().train(&x, &y, |_, _| tape().var(zeros(1, 1)), 1, 0.5, |_, _, _| ())
        }),
        case!("network::Network::step", "gradients of layer 1", || {
            network().step(&[LayerGrads { dw: zeros(3, 2), db: zeros(3, 1) }], 0.5)
        }),
        case!("network::cross_entropy", shapes, || {
            let (tape, network) = (tape(), Box::leak(Box::new(network())));
            let output = network.forward(&network.parameters(tape), tape.var(zeros(2, 4)));
            cross_entropy(output, &zeros(2, 4))
        }),
        case!("network::Network::propagate", "example 1 is of 2 classes", || {
            let y = Tensor::from_rows(&[[1.0, 1.0], [0.0, 1.0]]);
            Network::new(2).layer(2, Identity).propagate(&zeros(2, 2), &y, cross_entropy)
        }),
        case!("logistic::closed_form::layer", "example 0 is of 0 classes", || {
            closed_form::layer(&zeros(2, 3), &zeros(3, 1), &zeros(2, 4), &zeros(3, 4))
        }),
        case!("logistic::closed_form::layer_scale", "Y is (1, 4), and does not fit X", || {
            closed_form::layer_scale(&zeros(2, 3), &zeros(3, 1), &zeros(2, 4), &zeros(1, 4))
        }),
        case!("check::gradient::layer", "the parameters of layer 1", || {
            check::layer(&zeros(2, 3), &zeros(1, 3), &zeros(2, 4), &zeros(3, 4))
        }),
        case!("network::squared_error", shapes, || {
            let (tape, network) = (tape(), Box::leak(Box::new(network())));
            let output = network.forward(&network.parameters(tape), tape.var(zeros(2, 4)));
            squared_error(output, &zeros(2, 4))
        }),
        case!("logistic::initialize_with_zeros", "too large", || initialize_with_zeros(HUGE)),
        case!("logistic::accuracy", "predictions for", || accuracy(&zeros(1, 3), &zeros(3, 1))),
        case!("check::gradient::gradient", "by hand has 2 entries", || {
            check::gradient!(|p| p[0], &[1.0], &[1.0, 2.0])
        }),
        case!("check::gradient::gradient", foreign, || {
            check::gradient(|p| p[0], |p| p[0], |_| tape().var(1.0), &[1.0], None)
        }),
        case!("check::hessian::hessian", "by hand is (1, 2)", || {
            check::hessian!(|p| p[0], &[1.0], &[[0.0, 1.0]])
        }),
        case!("check::hessian::hessian", foreign, || {
            check::hessian(|_| tape().var(1.0.into()), |p| p[0], &[1.0], None)
        }),
        case!("arithmetic::Var::apply", "no second derivative", || {
            tape().var(Dual::variable(1.0)).apply(WithoutSecond)
        }),
        case!("dual::gradient_along", foreign, || {
            dual::gradient_along(|_| tape().var(1.0.into()), &[1.0], &[1.0])
        }),
        case!("dual::hessian", foreign, || dual::hessian(|_| tape().var(1.0.into()), &[1.0])),
        case!("check::comparison::Comparison::add", "needs 1 values", || {
            Comparison::new(["tape"]).add("dw", [1.0, 2.0], 1.0)
        }),
        case!("data::Examples::split", "fields of these examples", || examples().split(0.5, 1)),
        case!("data::Examples::standardizer", "fields of these", || examples().standardizer()),
        case!("data::Examples::standardizer_and_constants", "fields of these", || {
            examples().standardizer_and_constants()
        }),
        case!("data::classifier::Classifier::new", "1 entries do not fill", || {
            let w = zeros(2, 2);
            let scaler = Standardizer { means: zeros(2, 1), deviations: zeros(2, 1) };
            Classifier::new(&examples(), scaler, &w, 0.0)
        }),
        case!("data::one_hot", "6 entries do not fill", || one_hot(&zeros(2, 1), 3)),
        case!("data::Standardizer::apply", "means and deviations do not fit", || {
            Standardizer { means: zeros(2, 1), deviations: zeros(1, 2) }.apply(&zeros(2, 3))
        }),
        case!("view::plot::boundary::boundary", "for two features only", || {
            view::plot::boundary("", &examples(), ["0", "1"], &zeros(3, 1), 0.0)
        }),
    ]
}

/// What has nothing to refuse: it takes one variable or none, whatever its shape; answers a fault with
/// an `Error`; or is for this crate only. `*` stands for all that begin so.
const NEVER_WRONG: &[&str] = &[
    "check::derivation::Claim::rounded",
    // Elementwise: of one variable.
    "activation::*",
    "arithmetic::$Trait*", // driven by the calls of their macro
    "arithmetic::Neg for Var",
    "arithmetic::Number::map_with_slope",
    "arithmetic::Number::times",
    "arithmetic::Var::powi",
    "arithmetic::methods!()",
    // On numbers alone, or with a report of what is wrong.
    "check::activation::*",
    "check::comparison::Comparison::agrees",
    "check::comparison::Comparison::largest",
    "check::comparison::Comparison::new",
    "check::comparison::Comparison::of_grads",
    "check::comparison::Comparison::ratios",
    "check::comparison::Entry::*",
    "check::comparison::verdict",
    "check::derivation::Derivation::agrees",
    "check::derivation::slips",
    "check::derivation::numbers::*",
    "check::derivation::matrices::*",
    "check::derivation::rules::*",
    "check::derivation::search::*",
    "check::derivation::words::*",
    "check::diagnosis::*",
    "check::differences::*",
    "check::gradient::GradientReport::*",
    "check::gradient::Parameter*",
    "check::gradient::points*",
    "check::gradient::ByHand*",
    "check::gradient::$(*",
    "check::gradient::Vec<f64>> ByHand for F",
    "check::gradient::lists!*",
    // With an `Error`.
    "check::gradient::propagate",
    "check::hessian::curvature",
    "data::Csv::*",
    "data::Examples::from_csv",
    "data::classifier::Classifier::from_csv",
    "data::classifier::Classifier::probabilities",
    "data::classifier::Classifier::predictions",
    "data::classifier::Classifier::read*",
    "data::classifier::Classifier::to_csv",
    "data::classifier::quoted",
    "data::Examples::read_csv*",
    "dual::$Trait*",
    "dual::Arithmetic*",
    "dual::Neg for Dual",
    "dual::Dual::*",
    "dual::Scalar::*",
    "dual::on_the_tape!*",
    "dual::rule!*",
    "dual::with_numbers!*",
    "error::Source::*",
    "error::Stretch::*",
    "formula::Formula::also",
    "formula::Formula::cut",
    "formula::Formula::free",
    "formula::Formula::names",
    "formula::Formula::output",
    "formula::Formula::parse*",
    "formula::Formula::warnings",
    "formula::Formula::with",
    "formula::faults::*",
    "formula::parse::*",
    "logistic::Options::positive_rate",
    "logistic::closed_form::curvature*",
    "logistic::closed_form::propagate",
    "logistic::closed_form::scale",
    "logistic::cost_as_posted",
    "logistic::model",
    "logistic::network",
    "logistic::newton::*",
    "logistic::optimize*",
    "logistic::predict",
    "logistic::propagate*",
    "logistic::sigmoid",
    "network::Network::initialize",
    "network::glorot",
    "network::he",
    "network::Network::new",
    "network::Network::parameters",
    "network::Output::a",
    "tape::Drop for Tape<V>",
    "tape::Tape::bytes",
    "tape::operation::*",
    "tape::Tape::clear",
    "tape::Tape::constant",
    "tape::Tape::is_empty",
    "tape::Tape::len",
    "tape::Tape::new",
    "tape::Tape::var",
    "tape::Value::accepts",
    "tape::Value::is_nothing",
    "tape::Value::like",
    "tape::Value::nothing",
    "tape::Value::shape",
    "tape::Var::index",
    "tape::Var::named",
    "tape::Var::shape",
    "tape::Var::tape",
    "tape::Var::value",
    "tensor::Var::log_sum_exp",
    "tensor::Var::mean",
    "tensor::Var::softmax",
    "tensor::Var::sum*",
    "tensor::Var::t",
    "tensor::local::Local::custom",
    "tensor::value::$Trait*", // driven by the calls of their macro
    "tensor::value::Neg for *",
    "tensor::value::Tensor::map",
    "tensor::value::Tensor::shape",
    "tensor::value::Tensor::softmax",
    "tensor::value::Tensor::sum*",
    "tensor::value::Tensor::t",
    "tensor::value::Tensor::to_vec",
    "book::pages! {", // of pages
    // Of a trace, which is right.
    "trace::Operand::*",
    "trace::Traced::*",
    "trace::Place::start",
    "trace::Trace::*",
    "trace::non_finite::*",
    "view::*",
    // For this crate only.
    "data::csv::*",
    "data::faults::*",
    "data::open",
    "data::table::*",
    "random::*",
    "tape::kept::*",
    "tape::recording::*",
    "tensor::kernels::*",
];

/// Makes the mistake, and holds the panic against what it must say and where.
#[track_caller]
fn refused<W>(case: &Case<W>, says: &str, next: u32, work: impl FnOnce()) {
    let Case { operation, line, .. } = case;
    let message = panic_of(work);
    assert!(message.lines().next().unwrap().contains(says), "{operation}, line {line}: {message}");
    let place = place(&message, file!());
    assert!((*line..next).contains(&place.line), "{operation}, line {line}: {message}");
    let name = operation.rsplit("::").next().unwrap();
    if name.starts_with(char::is_alphabetic) && !name.contains('!') {
        let called = place.code.split(['(', '!']).next().unwrap();
        assert!(called.ends_with(name), "{operation}, line {line}: {message}");
    }
}

fn each<W: Copy>(cases: &[Case<W>], check: impl Fn(&Case<W>, u32)) {
    for (k, case) in cases.iter().enumerate() {
        check(case, cases.get(k + 1).map_or(u32::MAX, |next| next.line));
    }
}

/// Both ways round: it is the first operand's tape that an operation is recorded on.
fn refuse_two<V: Value>(cases: &OfTwo<V>, says: &str, x: V, y: V, foreign: bool) {
    each(cases, |case, next| {
        for [x, y] in [[x.clone(), y.clone()], [y.clone(), x.clone()]] {
            refused(case, says, next, || {
                let one = tape();
                let other = if foreign { tape() } else { one };
                (case.work)(one.var(x), other.var(y))
            });
        }
    });
}

#[test]
fn two_tapes_are_told_before_shapes() {
    refuse_two(&with_shapes(), FOREIGN, 1.0, 2.0, true);
    refuse_two(&of_any_shape(), FOREIGN, 1.0, 2.0, true);
    refuse_two(&of_numbers(), FOREIGN, 1.0, 2.0, true);
    for shape in [(2, 3), (1, 3), (1, 1), (3, 2), (4, 1)] {
        let (x, y) = (zeros(2, 3), zeros(shape.0, shape.1));
        refuse_two(&with_shapes(), FOREIGN, x.clone(), y.clone(), true);
        refuse_two(&of_any_shape(), FOREIGN, x.clone(), y.clone(), true);
        refuse_two(&of_matrices(), FOREIGN, x, y, true);
    }
}

#[test]
fn shapes_that_do_not_fit() {
    for shape in [(3, 2), (4, 1)] {
        let (x, y) = (zeros(2, 3), zeros(shape.0, shape.1));
        refuse_two(&with_shapes(), SHAPES, x.clone(), y.clone(), false);
        refuse_two(&of_matrices(), "matmul shapes do not chain", x, y, false);
    }
}

#[test]
fn one_mistake_with_each_operation() {
    each(&of_one(), |case, next| refused(case, case.says, next, case.work));
}

/// Traits whose methods count where the trait stands, or that cannot go wrong.
const QUIET: &str = "Activation Arithmetic Clone Copy Debug Default Display Error From Functions \
                     Iterator Number PartialEq Plain Scalar Traced Value";

/// All that the sources offer: functions, methods, those of traits, and operators. The name of one
/// that a macro makes is that of the macro's call.
fn operations() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for (path, code) in sources(&root) {
        let path = path.strip_prefix(&root).unwrap().with_extension("");
        if path.starts_with("commands") || path.starts_with("program") {
            continue; // of the programs, whose mistakes are in commands.rs
        }
        let room = path.to_str().unwrap().trim_end_matches("/mod").replace('/', "::");
        // The type or trait whose block this is, with its indentation, and whether it is a trait.
        let mut block: Option<(String, usize, bool)> = None;
        let mut lines = code.lines();
        while let Some(line) = lines.next() {
            let text = line.trim_start();
            let indent = line.len() - text.len();
            let name = |text: &str| {
                let end = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
                text.split(end).next().unwrap_or("").to_string()
            };
            let of_trait = block.as_ref().is_some_and(|(_, _, of_trait)| *of_trait);
            if let Some((macro_name, call)) = line.split_once('!').filter(|_| indent == 0)
                && macro_name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && macro_name != "macro_rules"
            {
                found.insert(match macro_name {
                    "function_of_two" => {
                        format!("{room}::{macro_name}!({})", name(lines.next().unwrap().trim()))
                    }
                    _ => format!("{room}::{macro_name}!{}", call.trim_end_matches(';')),
                });
            } else if let Some(header) = text.strip_prefix("impl") {
                let header = header.trim_end_matches(['{', ' ']);
                let header = after_generics(header).replace("<'t, V>", "").replace("<'_, V>", "");
                let (of, owner) = match header.split_once(" for ") {
                    Some((of, owner)) => (name(of.rsplit("::").next().unwrap()), owner),
                    None => (String::new(), &*header),
                };
                if !QUIET.split(' ').any(|quiet| quiet == of) && header.contains(" for ") {
                    found.insert(format!("{room}::{header}"));
                }
                let owner = owner.trim_start_matches(['&', ' ']).trim_start_matches("tape::");
                block = Some((name(owner), indent, false));
            } else if let Some(header) = text.strip_prefix("pub trait ") {
                block = Some((name(header), indent, true));
            } else if let Some((_, header)) = text.split_once("fn ").filter(|(before, _)| {
                ["pub ", "pub const "].contains(before) || before.is_empty() && of_trait
            }) {
                let owner =
                    block.as_ref().map_or(String::new(), |(owner, ..)| format!("{owner}::"));
                found.insert(format!("{room}::{owner}{}", name(header)));
            } else if text == "}" && block.as_ref().is_some_and(|(_, at, _)| *at == indent) {
                block = None;
            }
        }
    }
    found
}

/// `Var` of `<'t, V: Value> Var`.
fn after_generics(header: &str) -> &str {
    let mut depth = 0;
    let end = header.find(|c: char| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        depth == 0
    });
    header[end.unwrap_or(0)..].trim_start_matches(['>', ' '])
}

#[test]
fn no_operation_is_forgotten() {
    let driven = [
        names(&with_shapes::<f64>()),
        names(&of_matrices()),
        names(&of_any_shape::<f64>()),
        names(&of_numbers()),
        names(&of_one()),
    ];
    let listed = [driven.concat(), NEVER_WRONG.to_vec()].concat();
    let fits = |name: &str, listed: &str| match listed.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == listed,
    };
    let operations = operations();
    let mut forgotten = operations.clone();
    forgotten.retain(|name| !listed.iter().any(|listed| fits(name, listed)));
    assert!(forgotten.is_empty(), "drive them, or say that they are never wrong: {forgotten:#?}");
    let gone = listed.iter().filter(|listed| !operations.iter().any(|name| fits(name, listed)));
    assert_eq!(gone.collect::<Vec<_>>(), [&""; 0]);
}

fn names<W>(cases: &[Case<W>]) -> Vec<&'static str> {
    cases.iter().map(|case| case.operation).collect()
}
