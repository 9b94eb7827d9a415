//! What people take for a derivative: the wrong rules, each with what it gives.

use std::f64::consts::PI;

use crate::activation::{Activation, Sigmoid};
use crate::tensor::Local;
use crate::trace::Node;

/// A rule applied wrongly. In its texts `x` and `c` are the operands, `y` is the result, `x'` the
/// slope of x; `own` is the operation, `S` its right slope, `part` what goes through it, `p` the parameter.
#[derive(Clone, Copy)]
pub(super) struct Wrong<Given> {
    /// The lower, the nearer to the rule's own words.
    pub rank: u8,
    pub part: Part,
    /// What was taken for the slope; empty where the words say it all.
    pub taken: &'static str,
    /// What happened.
    pub words: &'static str,
    /// What to do; empty where the right slope is to be written for the one that was taken.
    pub mend: &'static str,
    pub gives: Given,
}

/// What a wrong rule is about.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// The local derivative with respect to the operand of this number.
    Local(usize),
    /// The slope of the result.
    Slope,
    /// The slope of a function, taken at the value of some other node.
    Elsewhere,
    /// The slope of a loss in the logit y.
    Logit,
}

const X: Part = Part::Local(0);
const C: Part = Part::Local(1);
const Y: Part = Part::Slope;
const V: Part = Part::Elsewhere;
const Z: Part = Part::Logit;

/// What a rule sees at one node, for one parameter: `y` is the result, of the operand `x`, or of `x`
/// and `c`.
pub(super) struct Seen<'a> {
    pub x: f64,
    pub c: f64,
    pub y: f64,
    /// The slopes of the operands, and that of the result.
    pub dx: f64,
    pub dc: f64,
    pub dy: f64,
    /// The local derivatives.
    pub local: [f64; 2],
    /// The operand that the rule is about, and the local derivative.
    pub own: f64,
    pub d: f64,
    /// How many operands there are, and what the first and the last of them add to the slope.
    pub terms: f64,
    pub first: f64,
    pub last: f64,
    /// The slope of the output in y, and what the first and the last of its users add to it.
    pub up: f64,
    pub users: [f64; 2],
    /// The value of some other node, and of the parameter.
    pub v: f64,
    pub p: f64,
    /// The function that was applied, if it is one of the crate.
    pub f: Option<&'a dyn Activation>,
}

impl Seen<'_> {
    /// The slope of the same function elsewhere.
    fn slope(&self, x: f64) -> f64 {
        match self.f {
            Some(f) if f.name() == "ln" => 1.0 / x, // where ln is not defined, too
            f => f.map_or(f64::NAN, |f| f.f_df(x).1),
        }
    }

    /// Of a loss whose slope in y is a - label, where a = sigmoid(y): 1 if it pulls upward.
    pub fn label(&self) -> f64 {
        f64::from(self.up < 0.0)
    }

    pub fn a(&self) -> f64 {
        Sigmoid.f(self.y)
    }
}

/// The number that a wrong rule gives.
pub(super) type Number = fn(&Seen) -> f64;

/// On matrices, the local derivative that a wrong rule gives; None where it is the right one.
pub(super) type Map = fn(&Local, &Node) -> Option<Local>;

/// What may happen to the rule of this name; to `any`, to the slope in any `operand`, to a `function`
/// of one operand, to a `loss` in a logit, to a `leaf`, to what has several `users`.
pub(super) fn of_rule(name: &str) -> impl Iterator<Item = Wrong<Number>> {
    let name = match name {
        "leaky_relu" | "elu" | "selu" => "relu",
        "min" => "max",
        name => name,
    };
    NUMBERS.iter().filter(move |(rule, _)| *rule == name).map(|(_, wrong)| *wrong)
}

/// The same on matrices, for each kind of local derivative.
pub(super) fn of_map(local: &Local) -> impl Iterator<Item = Wrong<Map>> {
    let name = match local {
        Local::Scale(_) => "factor",
        Local::Elementwise(d) if d.shape() == (1, 1) => "factor",
        Local::Elementwise(_) => "slope",
        Local::MatmulRight(_) => "right",
        Local::MatmulLeft(_) => "left",
        Local::SpreadTo(..) => "spread",
        _ => "",
    };
    MATRICES.iter().filter(move |(rule, _)| [name, "any"].contains(rule)).map(|(_, wrong)| *wrong)
}

/// A list of rules: the name, how far it is from the rule's own words, the part, what was taken, what
/// happened, what to do, and what it gives.
macro_rules! rules {
    ($table:ident: $given:ty; $($rule:ident $rank:literal $part:ident $taken:literal, $words:literal
        $(mend $mend:literal)?, $gives:expr;)*) => {
        const $table: &[(&str, Wrong<$given>)] = &[$((stringify!($rule), Wrong {
            rank: $rank,
            part: $part,
            taken: $taken,
            words: $words,
            mend: concat!($($mend)?),
            gives: $gives,
        })),*];
    };
}

/// Of these, the local derivative is so many times the right one.
fn times(local: &Local, factor: f64) -> Option<Local> {
    let local = local.clone();
    Some(Local::custom(move |g| local.carry_back(g) * factor))
}

/// A square matrix is not seen to be the wrong way round.
fn square(local: &Local) -> Option<Local> {
    match local {
        Local::MatmulRight(b) if b.shape().0 == b.shape().1 => Some(Local::MatmulRight(b.t())),
        Local::MatmulLeft(a) if a.shape().0 == a.shape().1 => Some(Local::MatmulLeft(a.t())),
        _ => None,
    }
}

/// Its own square, entry by entry.
fn squared(local: &Local) -> Option<Local> {
    match local {
        Local::Scale(c) => Some(Local::Scale(c * c)),
        Local::Elementwise(d) => Some(Local::Elementwise(d * d)),
        _ => None,
    }
}

rules! { NUMBERS: Number;
    add 0 X "", "the term x was left out" mend "add part", |_| 0.0;
    add 0 C "", "the term c was left out" mend "add part", |_| 0.0;
    add 1 X "", "the sign of x is flipped" mend "put a minus sign in front of it", |_| -1.0;
    add 1 C "", "the sign of c is flipped" mend "put a minus sign in front of it", |_| -1.0;
    add 1 Y "x + c'", "x was not differentiated", |s| s.x + s.dc;
    add 2 Y "x' + 1", "c does not vary, so its slope is 0", |s| if s.dc == 0.0 { s.dx + 1.0 } else { f64::NAN };
    add 2 Y "1 + c'", "x does not vary, so its slope is 0", |s| if s.dx == 0.0 { 1.0 + s.dc } else { f64::NAN };
    add 1 Y "x' + c", "c was not differentiated", |s| s.dx + s.c;

    sub 0 X "", "the term x was left out" mend "add part", |_| 0.0;
    sub 0 C "", "the term c was left out" mend "add part", |_| 0.0;
    sub 1 X "", "the sign of x is flipped" mend "put a minus sign in front of it", |_| -1.0;
    sub 0 C "", "the minus sign before c was lost" mend "put a minus sign in front of it", |_| 1.0;
    sub 1 Y "x - c'", "x was not differentiated", |s| s.x - s.dc;
    sub 1 Y "x' - c", "c was not differentiated", |s| s.dx - s.c;
    sub 2 Y "x' - 1", "c does not vary, so its slope is 0", |s| if s.dc == 0.0 { s.dx - 1.0 } else { f64::NAN };
    sub 2 Y "1 - c'", "x does not vary, so its slope is 0", |s| if s.dx == 0.0 { 1.0 - s.dc } else { f64::NAN };

    sum 1 Y "", "the mean was taken for the sum" mend "multiply it by the number of terms", |s| s.dy / s.terms;
    sum 0 Y "", "only the last term was kept: = for +=" mend "add up the slopes of all terms", |s| s.last;
    sum 1 Y "", "only the first term was kept" mend "add up the slopes of all terms", |s| s.first;

    neg 0 X "", "the minus sign was lost" mend "put a minus sign in front of it", |_| 1.0;

    mul 0 X "", "half of the product rule: the term x' c was left out" mend "add part", |_| 0.0;
    mul 0 C "", "half of the product rule: the term x c' was left out" mend "add part", |_| 0.0;
    mul 0 X "1", "the factor c was forgotten", |_| 1.0;
    mul 0 C "1", "the factor x was forgotten", |_| 1.0;
    mul 0 X "x", "the factors were not exchanged", |s| s.x;
    mul 0 C "c", "the factors were not exchanged", |s| s.c;
    mul 0 Y "x' x + c' c", "the factors were not exchanged", |s| s.dx * s.x + s.dc * s.c;
    mul 2 Y "x' c'", "the slopes were multiplied", |s| s.dx * s.dc;
    mul 2 Y "x' + c'", "the slopes were added", |s| s.dx + s.dc;

    div 0 X "1", "the denominator c was forgotten", |_| 1.0;
    div 1 X "1 / c²", "it was divided by c twice", |s| 1.0 / (s.c * s.c);
    div 0 C "x / c²", "the minus of the quotient rule was lost", |s| s.x / s.c / s.c;
    div 0 C "-x / c", "the denominator was not squared", |s| -s.x / s.c;
    div 0 C "x / c", "the denominator was not squared, and its minus lost", |s| s.x / s.c;
    div 0 C "-1 / c²", "the numerator was forgotten", |s| -1.0 / s.c / s.c;
    div 0 C "", "the denominator's slope c' was left out" mend "add part", |_| 0.0;
    div 0 X "", "the numerator's slope x' was left out" mend "add part", |_| 0.0;
    div 0 C "x ln c", "1/c was integrated", |s| s.x * s.c.abs().ln();
    div 0 Y "x' c - x c'", "the numerator alone: it was not divided by c²", |s| s.dx * s.c - s.x * s.dc;
    div 0 Y "(x' c - x c') / c", "the denominator was not squared", |s| s.dx - s.x * s.dc / s.c;
    div 0 Y "(x c' - x' c) / c²", "the terms of the numerator were exchanged", |s| -s.dy;
    div 2 Y "x / c'", "c was replaced by its slope", |s| s.x / s.dc;
    div 2 Y "x' / c'", "the slopes were divided", |s| s.dx / s.dc;
    div 0 X "c", "it was multiplied by c, not divided", |s| s.c;

    powf 0 X "x^(c - 1)", "the exponent was not brought in front", |s| s.x.powf(s.c - 1.0);
    powf 0 X "c x^c", "the exponent was not lowered", |s| s.c * s.y;
    powf 0 X "c x^(c + 1)", "the exponent was raised, not lowered", |s| s.c * s.y * s.x;
    powf 0 X "(c - 1) x^(c - 1)", "the exponent was lowered first", |s| (s.c - 1.0) * s.x.powf(s.c - 1.0);
    powf 0 X "c x^(c - 2)", "the exponent was lowered twice", |s| s.c * s.x.powf(s.c - 2.0);
    powf 0 X "c x", "the power was lost", |s| s.c * s.x;
    powf 0 X "c", "the power was lost", |s| s.c;
    powf 0 X "x^c ln x", "the base varies, so this is not an exponential function", |s| s.y * s.x.ln();
    powf 3 Y "c x^(c - 1) x'²", "the inner slope was applied twice", |s| s.dy * s.dx;
    powf 0 Y "x'^c", "x was replaced by its slope", |s| s.dx.powf(s.c);
    powf 0 X "x^(c + 1) / (c + 1)", "it was integrated", |s| s.y * s.x / (s.c + 1.0);
    powf 2 X "sign x", "that is the slope of |x|", |s| s.x.signum();
    powf 2 X "2 sign x", "that is the slope of 2|x|", |s| 2.0 * s.x.signum();

    pow 0 X "", "the base x was taken for a constant" mend "add part", |_| 0.0;
    pow 0 C "", "the exponent c was taken for a constant" mend "add part", |_| 0.0;
    pow 0 C "c x^(c - 1)", "the exponent varies, so the power rule does not apply", |s| s.c * s.x.powf(s.c - 1.0);
    pow 0 C "y", "the factor ln x was forgotten", |s| s.y;

    exp 0 X "x e^(x - 1)", "e^x is not a power of x", |s| s.x * (s.x - 1.0).exp();
    exp 0 X "1", "the factor y was forgotten", |_| 1.0;

    ln 0 X "1 / (x ln 10)", "that is the slope of log10", |s| 1.0 / (s.x * 10f64.ln());
    ln 0 X "ln 10 / x", "that is not the slope of ln", |s| 10f64.ln() / s.x;
    ln 0 X "1 / x²", "1/x was squared", |s| 1.0 / (s.x * s.x);
    ln 0 X "x", "it was multiplied by x, not divided", |s| s.x;

    sqrt 0 X "1 / y", "the factor 1/2 was forgotten", |s| 1.0 / s.y;
    sqrt 0 X "1 / (2 x)", "the root was forgotten", |s| 0.5 / s.x;
    sqrt 0 X "y / 2", "it was multiplied by the root, not divided", |s| s.y / 2.0;

    recip 0 X "y²", "the minus sign was lost", |s| s.y * s.y;
    recip 0 X "-y", "1/x was not squared", |s| -s.y;
    recip 0 X "ln x", "1/x was integrated", |s| s.x.abs().ln();

    sin 0 X "-cos(x)", "the minus sign belongs to the slope of cos", |s| -s.x.cos();
    sin 0 X "-sin(x)", "", |s| -s.x.sin();
    sin 0 X "cos(pi x / 180)", "x is in radians", |s| (PI * s.x / 180.0).cos();

    cos 0 X "sin(x)", "the minus sign was lost", |s| s.x.sin();
    cos 0 X "-cos(x)", "", |s| -s.x.cos();

    sinh 0 X "-cosh(x)", "only the slope of cos has a minus sign", |s| -s.x.cosh();
    cosh 0 X "-sinh(x)", "only the slope of cos has a minus sign", |s| -s.x.sinh();

    tan 0 X "1 / cos(x)", "the square was forgotten", |s| 1.0 / s.x.cos();
    tan 0 X "1 - y²", "that is the slope of tanh", |s| 1.0 - s.y * s.y;
    tan 0 X "y²", "the 1 was forgotten", |s| s.y * s.y;
    tan 0 X "1 + x²", "x was taken for y", |s| 1.0 + s.x * s.x;
    tan 0 X "1 + y", "y was not squared", |s| 1.0 + s.y;

    atan 0 X "1 / (1 + x)", "x was not squared", |s| 1.0 / (1.0 + s.x);
    atan 0 X "1 / sqrt(1 + x²)", "that is the slope of asinh", |s| 1.0 / s.x.hypot(1.0);
    atan 0 X "1 / (1 - x²)", "that is the slope of atanh", |s| 1.0 / (1.0 - s.x * s.x);
    atan 0 X "1 / (1 + y²)", "y was taken for x", |s| 1.0 / (1.0 + s.y * s.y);
    atan 0 X "1 + x²", "it was multiplied, not divided", |s| 1.0 + s.x * s.x;

    tanh 0 X "1 - y", "y was not squared", |s| 1.0 - s.y;
    tanh 0 X "1 + y²", "plus for minus", |s| 1.0 + s.y * s.y;
    tanh 0 X "1 - x²", "x was taken for y", |s| 1.0 - s.x * s.x;
    tanh 0 X "y²", "the 1 was forgotten", |s| s.y * s.y;
    tanh 0 X "y (1 - y)", "that is the slope of sigmoid", |s| s.y * (1.0 - s.y);

    sigmoid 0 X "y", "the factor 1 - y was forgotten" mend "multiply it by (1 - y)", |s| s.y;
    sigmoid 0 X "1 - y", "the factor y was forgotten" mend "multiply it by y", |s| 1.0 - s.y;
    sigmoid 0 X "y (1 + y)", "plus for minus", |s| s.y * (1.0 + s.y);
    sigmoid 2 X "y (y - 1)", "the terms were exchanged", |s| s.y * (s.y - 1.0);
    sigmoid 0 X "x (1 - x)", "x was taken for y", |s| s.x * (1.0 - s.x);
    sigmoid 0 X "1 - y²", "that is the slope of tanh", |s| 1.0 - s.y * s.y;
    sigmoid 0 X "y²", "y was squared", |s| s.y * s.y;

    softplus 0 X "e^x", "the denominator was forgotten", |s| s.x.exp();
    softplus 0 X "sigmoid(-x)", "the sign of x is flipped", |s| Sigmoid.f(-s.x);
    softplus 0 X "sigmoid(x) (1 - sigmoid(x))", "that is the slope of sigmoid", |s| Sigmoid.f_df(s.x).1;

    relu 0 X "1", "1 was taken on both sides; it is S", |_| 1.0;
    relu 0 X "0 if x > 0, else 1", "the branches were exchanged", |s| f64::from(s.x <= 0.0);
    relu 0 X "x if x > 0, else 0", "f itself was taken for its slope", |s| s.x.max(0.0);
    relu 0 X "1 if x > 0, else 0", "the branch below 0 was left out", |s| f64::from(s.x > 0.0);
    relu 0 X "1 if x > 0, else y", "below 0, f itself was taken for its slope", |s| if s.x > 0.0 { 1.0 } else { s.y };

    abs 0 X "1", "the sign of x was forgotten", |_| 1.0;

    max 0 Y "", "the branches were exchanged" mend "take the other one", |s| s.dx * s.local[1] + s.dc * s.local[0];
    max 0 Y "", "both x' and c' were counted" mend "keep only that of the larger one", |s| s.dx + s.dc;
    max 0 X "1", "own was taken for x everywhere", |_| 1.0;
    max 0 C "1", "own was taken for c everywhere", |_| 1.0;

    any 1 Y "1", "the slope of own, S, was left out", |_| 1.0;
    any 2 Y "", "the sign of part is flipped" mend "put a minus sign in front of it", |s| -s.dy;
    any 3 Y "", "part was taken twice" mend "divide it by 2", |s| 2.0 * s.dy;
    any 3 Y "", "part was halved" mend "multiply it by 2", |s| s.dy / 2.0;
    any 2 Y "y", "own was not differentiated", |s| s.y;
    any 6 Y "p", "p was taken for the slope", |s| s.p;
    any 6 Y "1 / (S)", "the slope is upside down", |s| 1.0 / s.dy;
    any 6 Y "", "part was left out" mend "add part", |_| 0.0;

    operand 1 X "", "part was left out" mend "add part", |_| 0.0;
    operand 1 X "1", "the slope of own, S, was left out", |_| 1.0;
    operand 2 X "", "the sign of part is flipped" mend "put a minus sign in front of it", |s| -s.d;
    operand 3 X "", "part was taken twice" mend "divide it by 2", |s| 2.0 * s.d;
    operand 3 X "", "part was halved" mend "multiply it by 2", |s| s.d / 2.0;
    operand 4 X "(S)²", "the slope of own was applied twice", |s| s.d * s.d;
    operand 4 X "y", "", |s| s.y;
    operand 4 X "operand", "", |s| s.own;
    operand 5 X "1 / (S)", "the slope is upside down", |s| 1.0 / s.d;

    function 4 X "f'(y)", "the slope was taken at y, not at x", |s| s.slope(s.y);
    function 4 X "f'(p)", "the slope was taken at p, not at x", |s| s.slope(s.p);
    function 5 Y "f'(p)", "the slope was taken at p, without the inner slope", |s| s.slope(s.p);
    function 5 Y "f'(x')", "the slope was taken at the inner slope", |s| s.slope(s.dx);
    function 4 Y "f'(x) x'²", "the inner slope was applied twice", |s| s.dy * s.dx;
    function 4 Y "f'(x') x'", "the slope was taken at the inner slope", |s| s.slope(s.dx) * s.dx;
    function 5 Y "f(x')", "x was replaced by its slope", |s| s.f.map_or(f64::NAN, |f| f.f(s.dx));
    function 4 V "f'(v)", "the slope was taken at v, not at x", |s| s.slope(s.v);

    users 2 Y "", "of the uses of own, only the last was kept: = for +="
        mend "add up what comes from each use", |s| s.dy * s.users[1] / s.up;
    users 3 Y "", "of the uses of own, only the first was kept"
        mend "add up what comes from each use", |s| s.dy * s.users[0] / s.up;

    leaf 1 Y "", "own was taken for a constant" mend "differentiate with respect to own", |_| 0.0;

    loss 0 Z "a", "the label was forgotten, with a = sigmoid(y)", |s| s.a();
    loss 0 Z "y - label", "y was taken for a = sigmoid(y)", |s| s.y - s.label();
    loss 0 Z "a - (1 - label)", "the labels were exchanged, with a = sigmoid(y)", |s| s.a() - (1.0 - s.label());
    loss 0 Z "(a - label) a (1 - a)", "a (1 - a) was left in, and it cancels, with a = sigmoid(y)",
        |s| (s.a() - s.label()) * s.a() * (1.0 - s.a());
}

rules! { MATRICES: Map;
    factor 0 X "1", "the factor S was forgotten", |_, _| Some(Local::Scale(1.0));
    factor 1 X "(S)²", "the factor S was taken twice", |local, _| squared(local);

    slope 0 X "1", "the slope of own, S, was left out", |_, _| Some(Local::Scale(1.0));
    slope 1 X "(S)²", "the slope of own was applied twice", |local, _| squared(local);
    slope 1 X "y", "own was not differentiated",
        |_, node| (node.operands.len() == 1).then(|| Local::Elementwise(node.value.clone()));

    right 0 X "", "a transpose was forgotten: G B for G Bt, B = c" mend "transpose c", |local, _| square(local);
    left 0 X "", "a transpose was forgotten: A G for At G, A = x" mend "transpose x", |local, _| square(local);

    spread 0 X "", "the mean was taken for the sum" mend "multiply it by the number of terms",
        |local, _| match local {
            Local::SpreadTo(rows, columns) => times(local, 1.0 / (rows * columns) as f64),
            _ => None,
        };

    any 1 X "", "part was left out" mend "add part", |local, _| times(local, 0.0);
    any 2 X "", "the sign of part is flipped" mend "put a minus sign in front of it", |local, _| times(local, -1.0);
    any 3 X "", "part was taken twice" mend "divide it by 2", |local, _| times(local, 2.0);
    any 3 X "", "part was halved" mend "multiply it by 2", |local, _| times(local, 0.5);
}
