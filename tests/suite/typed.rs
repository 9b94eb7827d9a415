//! Formulas at the command line: stepped, drawn, and checked against derivatives that were typed.

use chainrule::program::Arguments;

use crate::commands::{answer, code, words};
use crate::common::samples;

/// The command's exit code and output, or what is wrong.
fn check(line: &str) -> (u8, String) {
    let mut out = vec![];
    match code::run(&mut out, Arguments::new(words(line))) {
        Ok(code) => (code, String::from_utf8(out).unwrap()),
        Err(error) => (2, error.to_string()),
    }
}

/// Where each is taken, the derivative, and a wrong one.
const FIRST_COURSE: [[&str; 4]; 13] = [
    ["x^5", "x=1.3", "5*x^4", "5*x^5"],
    ["3*x^2 - 2*x + 7", "x=2", "6*x - 2", "6*x"],
    ["sqrt(x)", "x=4", "1/(2*sqrt(x))", "1/sqrt(x)"],
    ["1/x", "x=2", "-1/x^2", "1/x^2"],
    ["exp(3*x)", "x=0.4", "3*exp(3*x)", "exp(3*x)"],
    ["ln(x^2 + 1)", "x=1.5", "2*x/(x^2 + 1)", "1/(x^2 + 1)"],
    ["sin(x^2)", "x=1.1", "2*x*cos(x^2)", "cos(x^2)"],
    ["x*exp(x)", "x=0.7", "exp(x)*(1 + x)", "exp(x)"],
    ["x/(1 + x^2)", "x=0.6", "(1 - x^2)/(1 + x^2)^2", "(1 - x^2)/(1 + x^2)"],
    ["tanh(x)", "x=0.3", "1 - tanh(x)^2", "1 - tanh(x)"],
    ["sigmoid(x)", "x=2", "sigmoid(x)*(1 - sigmoid(x))", "sigmoid(x)*(1 + sigmoid(x))"],
    ["x^x", "x=1.5", "x^x*(1 + ln(x))", "x*x^(x - 1)"],
    ["2^x", "x=3", "2^x*ln(2)", "x*2^(x - 1)"],
];

#[test]
fn a_first_course() {
    for [formula, at, right, wrong] in FIRST_COURSE {
        let (code, text) = check(&format!("check~{formula}~{at}~dx=0 + {right}"));
        assert!(code == 0 && text.contains("\nverdict: AGREE\n"), "{text}");
        assert!(text.contains("at 12 more points"), "{text}");
        let (code, text) = check(&format!("check~{formula}~{at}~dx=0 + {wrong}"));
        assert!(code == 1 && text.contains("\nverdict: DISAGREE\n"), "{text}");
        assert!(text.contains("\n try: "), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn the_claim_of_this_project() {
    let cost = "check~L = mean(softplus((1 - 2*y)*(w*x + b)))~x=[1,2,3]~y=[0,1,1]~w=0.5~b=1";
    let by_hand = "~dw=mean((sigmoid(w*x + b) - y)*x)~db=mean(sigmoid(w*x + b) - y)";
    let (code, text) = check(&format!("{cost}{by_hand}"));
    assert_eq!(code, 0, "{text}");
    let (code, text) = check(&format!("{cost}~dw=sum((sigmoid(w*x + b) - y)*x)"));
    assert_eq!(code, 1, "{text}");
    let data = "check~mean(softplus((1 - 2*distress)*(w*temp_F + b)))\
                ~--data~examples/data/challenger_orings.csv~w=-0.1~b=7\
                ~dw=mean((sigmoid(w*temp_F + b) - distress)*temp_F)";
    assert_eq!(check(data).0, 0, "{}", check(data).1);
}

/// A number is judged to the digits that were typed, whether they were rounded or cut.
#[test]
fn numbers_to_their_digits() {
    // dL/dw = -0.23840584404423515
    let formula = "check~L = -ln(sigmoid(w*x + b))~w=0.5~x=2~b=1~dw=";
    for (typed, code, says) in [
        ("-0.238", 0, "AGREE in the 3 digits given"),
        ("-0.23840", 0, "AGREE in the 5 digits given"),
        ("-0.23841", 0, "AGREE in the 5 digits given"),
        ("-2.384058e-1", 0, "AGREE in the 7 digits given"),
        ("-0.23840584404423515", 0, "AGREE\n"),
        ("-0.24", 1, "NOT JUDGED: give at least three digits"),
        ("-0.2", 1, "NOT JUDGED"),
        ("-0.3", 1, "DISAGREE\n"),
        ("-0.25", 1, "DISAGREE from digit 2 on"),
        ("-0.236", 1, "DISAGREE from digit 3 on"),
        ("-0.2383", 1, "DISAGREE from digit 4 on"),
        ("-0.2385", 1, "DISAGREE from digit 4 on"),
        ("-0.23840585", 1, "DISAGREE from digit 8 on"),
        ("0.2384", 1, "DISAGREE\n"),
        ("-2384", 1, "DISAGREE\n"),
        ("0", 1, "DISAGREE\n"),
    ] {
        let (found, text) = check(&format!("{formula}{typed}"));
        assert!(found == code && text.contains(says), "{typed}: {text}");
    }
    // Exact, however few the digits.
    assert_eq!(check("check~x^2~x=3~dx=6").0, 0);
    for wrong in ["5", "7", "5.99", "6.01", "5.9999999", "6.00000001"] {
        let (code, text) = check(&format!("check~x^2~x=3~dx={wrong}"));
        assert!(code == 1 && text.contains("DISAGREE"), "{wrong}: {text}");
    }
    assert_eq!(check("check~max(x, 0)~x=-1~dx=0").0, 0);
}

/// Derivatives as textbooks have them, which lose digits where the function saturates or cancels:
/// never called wrong; and with another sign never right, unless all of it is 0.
#[test]
fn textbook_forms_on_all_scales() {
    for [f, df] in [
        ["tanh(x)", "1 - tanh(x)^2"],
        ["sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))"],
        ["1/(1 + exp(-x))", "exp(-x)/(1 + exp(-x))^2"],
        ["1/(1 + exp(-x))", "(1/(1 + exp(-x)))*(1 - 1/(1 + exp(-x)))"],
        ["softplus(x)", "1 - 1/(1 + exp(x))"],
        ["-ln(sigmoid(x))", "sigmoid(x) - 1"],
        ["x*sigmoid(x)", "sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))"],
        ["(exp(x) - exp(-x))/(exp(x) + exp(-x))", "1 - ((exp(x) - exp(-x))/(exp(x) + exp(-x)))^2"],
        ["atan(x)", "1/(1 + x^2)"],
        ["sqrt(1 + x^2) - 1", "x/sqrt(1 + x^2)"],
        ["1 - cos(x)", "sin(x)"],
        ["tan(x)", "1 + tan(x)^2"],
        ["exp(x) - 1", "exp(x)"],
        [
            "(sigmoid(w*x + b) - 1)^2",
            "2*(sigmoid(w*x + b) - 1)*sigmoid(w*x + b)*(1 - sigmoid(w*x + b))*w",
        ],
        ["v*tanh(w*x + b)", "v*(1 - tanh(w*x + b)^2)*w"],
    ] {
        let xs =
            [-300.0, -40.0, -20.0, -8.0, -1.0, -1e-3, 1e-8, 0.2, 3.0, 6.0, 9.0, 18.0, 30.0, 700.0];
        for x in xs.into_iter().step_by(samples(5, 1) as usize) {
            let others = if f.contains('w') { "~w=2~b=0.5" } else { "" };
            let others = others.to_string() + if f.contains("v*") { "~v=3" } else { "" };
            let (_, text) = check(&format!("check~{f}~x={x}{others}~dx={df}"));
            assert!(!text.contains("DISAGREE") && text.contains("verdict: "), "{text}");
            let (code, text) = check(&format!("check~{f}~x={x}{others}~dx=-({df})"));
            let found = code == 1 || code == 0 && !(-100.0..100.0).contains(&x);
            assert!(found && text.contains("verdict: "), "{text}");
        }
        assert_eq!(check(&format!("check~{f}~dx={df}")).0, 0);
    }
    let (code, text) = check("check~tanh(x)~x=700~dx=1 - tanh(x)^2");
    assert!(code == 1 && text.contains("NOT JUDGED: no digits here"), "{text}");
}

/// Right derivatives in odd forms, at points where they or the formula itself lose digits or overflow:
/// none is called wrong.
#[test]
fn odd_forms_are_not_accused() {
    let bce =
        "L = -mean(t*ln(sigmoid(w*x)) + (1 - t)*ln(1 - sigmoid(w*x)))~x=[0.8,-0.7]~t=[0.5,0.3]";
    for (code, line) in [
        (0, "L = (sigmoid(x) - 1)^2~x=3.7~dx=4*sigmoid(x)^2 - 2*sigmoid(x) - 2*sigmoid(x)^3"),
        (0, "(x + 1)^6~x=-2~dx=6*x^5 + 30*x^4 + 60*x^3 + 60*x^2 + 30*x + 6"),
        (0, "y = (tanh(x) - 1)^2~x=2~dx=2*tanh(x) - 2 - 2*tanh(x)^3 + 2*tanh(x)^2"),
        (0, &format!("{bce}~w=30~dw=mean((sigmoid(w*x) - t)*x)")),
        // What was not typed is not judged.
        (0, "w*cos(sinh(x) + w)~w=12~x=20~dx=-w*cosh(x)*sin(w + sinh(x))"),
        (0, "y = sigmoid(x)~x=-400~dx=exp(-x)/(1 + exp(-x))^2"),
        (0, "y = ln(x - 5000)~dx=1/(x - 5000)"),
        (1, "p = sigmoid(w*x); L = -ln(1 - p)~w=10~x=3.6~dw=3.6000"),
        (1, "y = ln(1 - tanh(x))~x=18~dx=-2.0000"),
        (1, "y = softplus(x)~x=750~dx=exp(x)/(1 + exp(x))"),
        (1, "y = x^3~x=0~dx=3*y/x"),
    ] {
        let (found, text) = check(&format!("check~{line}"));
        assert!(found == code && !text.contains("DISAGREE"), "{line}: {text}");
        assert!(code == 0 || text.contains("NOT JUDGED: "), "{text}");
    }
}

/// Slips as students typed them, and what is said of each first.
#[test]
fn slips_of_students() {
    let line = "x=[1,2,3]~t=[2,3,5]~w=0.5~b=0.1";
    for (line, says) in [
        ("relu(x - 50)~dx=0*x", "DISAGREE at "),
        ("|x - 20|~dx=-1", "DISAGREE at "),
        (
            "L = (y - (w*x + b))^2~y=3~w=1~x=2~b=0.5~dw=2~db=1",
            "the minus sign before w*x + b was lost",
        ),
        ("y = -0.6*x~x=2~dx=1", "the factor -0.6 was forgotten"),
        (
            "L = mean((w*x + b - t)^2)~x=[1,2]~t=[2,3]~w=0.5~b=0.1~dw=mean((w*x + b - t)*x)",
            "the exponent was not brought in front",
        ),
        (
            &format!(
                "L = mean((w*x + b - t)^2) + lam*w^2~{line}~lam=0.01~dw=mean(2*(w*x + b - t)*x)"
            ),
            "the term lam*w^2 was left out",
        ),
        ("y = x/(x + 1)~dx=1/(x + 1)", "the denominator's slope v' was left out"),
        ("(exp(x)*4)^3~x=-1~dx=exp(x)*4", "the slope of u^3, 3 u^2, was left out"),
        ("y = sin(x)^3~dx=3*cos(x)^2", "write (3 u^2) u' for power'(u')"),
        ("y = ln(x^2 + 3)~dx=2", "the slope was taken at x, not at u"),
        ("y = sqrt(3*x + 1)~dx=sqrt(3)", "u was replaced by its slope"),
        ("y = tan(x)~dx=1/cos(x)", "the square was forgotten"),
        ("y = ln(x^2 + 1)~dx=1/(2*x)", "the slope was taken at the inner slope"),
        ("y = 1/(x^2 + 1)~dx=1/(2*x)", "v was replaced by its slope"),
        ("y = sin(x^2)~dx=2*x*cos(2*x)", "the slope was taken at the inner slope"),
        ("y = sin(x)^2~dx=cos(x)^2", "u was replaced by its slope"),
        ("x*sqrt(y^2 + 2)~dy=x*(1/(2*sqrt(y^2 + 2))*(2*y + 1))", "2 does not vary"),
        ("y = sin(3*x^2)~dx=cos(3*x^2)*36*x^2", "the inner slope was applied twice"),
        ("y = (3*x + 1)^4~dx=36*(3*x + 1)^3", "was applied twice"),
        ("y = sqrt(x^2 - 4)~x=3~dx=(2*x - 1)/(2*sqrt(x^2 - 4))", "4 does not vary"),
        ("y = cosh(x)~dx=-sinh(x)", "only the slope of cos has a minus sign"),
        ("L = -ln(sigmoid(w*x + b))~w=0.5~x=2~b=1~dw=-0.119", "give more digits"),
    ] {
        let (code, text) = check(&format!("check~{line}"));
        let first = text.split("\n try: ").next().unwrap().len();
        let first = text[first..].find("\n   ").map_or(text.len(), |k| first + k);
        let shown = if says.starts_with("give") { &text } else { &text[..first] };
        assert!(code == 1 && shown.contains(says), "{line}: {text}");
    }
    let (_, text) = check("check~max(x, y)~x=1~y=1~dx=1~dy=0.5");
    assert!(text.contains("AGREE, as any slope from 0 to 1\n"), "{text}");
    let sum = format!("check~L = sum(w*x + b - t)~{line}~db=sum(1)");
    assert!(check(&sum).1.contains("try: write 3*(1)"));
}

/// Numbers are explained, too, from the digits that were typed.
#[test]
fn slips_in_numbers() {
    let formula = "check~L = -ln(sigmoid(w*x + b))~w=0.5~x=2~b=1";
    for (typed, says) in [
        ("dw=-2", "the factor 1 - a was forgotten"),
        ("dw=-1.7616", "a² = "),
        ("dw=0.2384", "the minus sign was lost"),
        ("dw=0.238406~db=0.119203", "the minus sign was lost"),
        ("dw=-x~db=-0.1192", "one slip explains it, at 13 of 13 points"),
        ("dw=-x~db=0.1192", "the minus sign was lost"),
    ] {
        let (code, text) = check(&format!("{formula}~{typed}"));
        assert!(code == 1 && text.contains(says), "{typed}: {text}");
        assert!(!text.contains("no single rule"), "{typed}: {text}");
    }
    // Three digits do not tell enough.
    assert!(check(&format!("{formula}~dw=-1.76")).1.contains("no single rule explains it"));
}

/// Without a point, a number is a formula like others: |x|' is not 1, and (x²)' is not 3.
#[test]
fn a_number_without_a_point() {
    for (formula, number, code) in [("abs(x - 1)", 1, 1), ("x^2", 3, 1), ("3*x", 3, 0)] {
        assert_eq!(check(&format!("check~{formula}~dx={number}")).0, code);
        assert_eq!(check(&format!("check~{formula}~x=1.5~dx={number}")).0, 0);
    }
}

#[test]
fn names_of_derivatives() {
    for name in ["dw", "d/dw", "dL/dw", "dL_dw", "∂L/∂w", "∂w"] {
        let (code, text) = check(&format!("check~L = w*w~w=3~{name}=2*w"));
        assert_eq!(code, 0, "{name}: {text}");
    }
    // An output without a name may be called anything.
    assert_eq!(check("check~w*w~w=3~df/dw=2*w").0, 0);
    // A variable that is called dw wins.
    let (code, text) = check("check~L = dw*w~w=3~dw=2");
    assert!(code == 0 && text.contains("w = 3") && text.contains("dL/ddw"), "{text}");
}

/// A derivative with respect to what a line computes is judged, too, where all lines before are kept.
#[test]
fn derivatives_of_intermediate_results() {
    let net = "check~z = w*x + b; a = sigmoid(z); L = -ln(a)~w=0.5~x=2~b=1";
    let (code, text) = check(&format!("{net}~da=-1/a~dz=a - 1~dw=(a - 1)*x"));
    assert!(code == 0 && text.contains("  dL/da  ") && text.contains("  dL/dz  "), "{text}");
    let (code, text) = check(&format!("{net}~da=-1/a~dz=a"));
    assert!(code == 1 && text.contains("the label was forgotten"), "{text}");
    // By all paths: h is used twice.
    let twice = "check~h = x^2; y = h*sin(h)~x=1.3";
    assert_eq!(check(&format!("{twice}~dh=sin(h) + h*cos(h)")).0, 0);
    assert_eq!(check(&format!("{twice}~dy/dh=sin(h)")).0, 1);
    assert_eq!(check("check~h = x^2; y = h + x~x=2~dh=1").0, 0);
    assert_eq!(check("check~h = x^2; y = h + x~x=2~dh=2").0, 1);
}

/// Where nothing of the learner's is judged, there is no verdict on it.
#[test]
fn nothing_given_is_not_judged() {
    let (code, text) = check("check~sin(x)*x");
    assert!(code == 0 && !text.contains("AGREE") && text.contains("add: dx="), "{text}");
    let (code, text) = check("check~x*w~x=2~w=3~dw=x");
    assert_eq!(code, 0, "{text}");
    let verdicts: Vec<&str> = text.lines().filter(|line| line.contains(" AGREE")).collect();
    let [w, verdict] = verdicts[..] else { panic!("{text}") };
    assert!(w.starts_with("  dy/dw") && verdict == "verdict: AGREE", "{text}");
}

/// Right at the point that was given, and wrong elsewhere: a point is shown where it is.
#[test]
fn a_point_at_which_it_is_wrong() {
    let (code, text) = check("check~relu(x)*x^2~x=2~dx=3*x^2");
    assert!(code == 1 && text.contains("DISAGREE at "), "{text}");
    let (_, behind) = text.split_once("\n  at x = -").unwrap();
    let [place, numbers] = behind.lines().take(2).collect::<Vec<_>>()[..] else { panic!() };
    let x: f64 = format!("-{}", place.trim_end_matches(':')).parse().unwrap();
    let (right, yours) = numbers.split_once("  by hand ").unwrap();
    assert!(right.ends_with(" 0") && (yours.parse::<f64>().unwrap() - 3.0 * x * x).abs() < 1e-3);
    assert!(!check("check~x^2~dx=x").1.contains("\n  at "));
}

/// Right numbers in a wrong place, and what is the derivative of something else, are told; what no
/// single rule explains is not.
#[test]
fn lists_and_what_no_rule_explains() {
    let r = "(w1*x1 + w2*x2 + w3*x3 + b - y)";
    let [d1, d2, d3, d4] = ["*x1", "*x2", "*x3", ""].map(|x| format!("2*mean({r}{x})"));
    let stale =
        |x: &str| format!("2*mean(((w1 - 0.1)*x1 + (w2 - 0.2)*x2 + w3*x3 + b + 0.1*w1*b - y){x})");
    let length = format!("sqrt(({d1})^2 + ({d2})^2 + ({d3})^2 + ({d4})^2)");
    let clip = |d: &str| format!("max(min({d}, 0.5), -0.5)");
    let s = String::from;
    let none = "no single rule explains it\n";
    for (yours, says) in [
        ([d1.clone(), format!("-{d2}"), d3.clone(), d4.clone()], "minus sign in front of dw2\n"),
        ([d1.clone(), format!("-{d2}"), format!("-{d3}"), d4.clone()], "in front of dw2 and dw3\n"),
        ([d1.clone(), d2.clone(), d3.clone(), format!("5*{d4}")], "multiply db by 1 / 5\n"),
        ([d2.clone(), d3.clone(), d4.clone(), d1.clone()], "in the order b, w1, w2, w3\n"),
        (
            [d2.clone(), d3.clone(), d4.clone(), d4.clone()],
            "is the derivative with respect to w2\n",
        ),
        ([d2.clone(), d1.clone(), d3.clone(), d4.clone()], "in the order w2, w1, w3, b\n"),
        ([d4.clone(), d1.clone(), d2.clone(), d3.clone()], "in the order w2, w3, b, w1\n"),
        ([d1.clone(), d1.clone(), d3.clone(), d4.clone()], "differentiate with respect to w2\n"),
        (["w1", "w2", "w3", "b"].map(|p| format!("0*{p}")), "was left out\n"),
        ([d1.clone(), format!("2*{d2}"), d3.clone(), d4.clone()], "divide dw2 by 2\n"),
        ([d1.clone(), d2.clone(), s("0*w3"), d4.clone()], "the term w3*x3 was left out\n"),
        ([&d1, &d2, &d3, &d4].map(|d| format!("{d} + 0.1")), "subtract 0.1"),
        ([&d1, &d2, &d3, &d4].map(|d| format!("({d})/{length}")), "do not normalise it\n"),
        ([&d1, &d2, &d3, &d4].map(|d| format!("|{d}|")), "keep the sign\n"),
        (["w1", "w2", "w3", "b"].map(s), "was taken for the slope"),
        ([&d1, &d2, &d3, &d4].map(|d| format!("w1 - 0.1*{d}")), none),
        ([&d1, &d2, &d3, &d4].map(|d| clip(d)), none),
        (["*x1", "*x2", "*x3", ""].map(stale), none),
    ] {
        let [w1, w2, w3, b] = yours;
        let (code, text) = check(&format!(
            "check~L = mean({r}^2)~x1=[0.3,1.2,-0.7,0.9,2]~x2=[1,-0.5,0.4,1.7,0.2]\
             ~x3=[0.1,0.6,-1.1,0.8,-0.3]~y=[1,0,2,1,0.5]~w1=0.5~w2=-0.3~w3=0.8~b=0.2\
             ~dw1={w1}~dw2={w2}~dw3={w3}~db={b}"
        ));
        assert!(code == 1 && text.contains(says), "{says}: {text}");
    }
    for (formula, yours) in [
        ("sin(1.3*x)*x", "2*1.3*cos(1.3*x) - 1.69*x*sin(1.3*x)"), // the second derivative
        ("tanh(1.3*x)", "ln(exp(1.3*x) + exp(-1.3*x))/1.3"),      // its integral
        ("exp(sin(x))", "cos(x - 0.1)*exp(sin(x - 0.1))"),        // at the point before
    ] {
        let (code, text) = check(&format!("check~{formula}~dx={yours}"));
        assert!(code == 1 && text.contains(none), "{text}");
    }
}

/// At a kink each slope between those of the two sides is one.
#[test]
fn kinks() {
    // Yours need not have a slope where there is none.
    assert_eq!(check("check~|x|~x=0~dx=x/|x|").0, 0);
    assert_eq!(check("check~|x|~x=0~dx=-x/|x|").0, 1);
    assert_eq!(check("check~x*x~x=0~dx=2*x*x/x").0, 1); // but here
    for (slope, code) in [("0", 0), ("1", 0), ("0.500", 0), ("1.50", 1), ("-0.100", 1)] {
        assert_eq!(check(&format!("check~max(x, 0)~x=0~dx={slope}")).0, code, "{slope}");
    }
}

#[test]
fn what_is_missing_or_too_much_is_told() {
    for (line, says) in [
        ("check", "a formula is missing\nusage: "),
        ("check~x^2~3", "`3` is not name=value; quote a formula"),
        ("check~x^2~q=3", "the formula has no variable `q`; it has x\n try: x=1"),
        ("check~x^2~x=1~dq=3", "the formula has no variable `dq`; it has x\n try: dx=..."),
        ("check~x^2*y~x=3", "y has no value\n try: add y=1"),
        ("check~x^2~x=1~x=2", "x is given twice"),
        ("check~x^2~x=1,5", "x needs a number or a list, not `1,5`\n try: x=1.5"),
        ("check~x^2~x=pi", "x needs a number or a list, not `pi`\n try: x=3.14159"),
        ("check~x^2~x=1,2,3", "x needs a number or a list, not `1,2,3`\n try: x=[1,2,3]"),
        ("check~sum(x^2)~x=[1,2]~dx=2*x", "the formula has no variable"),
        ("check~sum(w*x)~x=[1 2]~w=1~dx=w", "`x` is computed or data"),
        ("check~y = x^2; y + x~x=2~dq=1", "the formula has no variable `dq`; it has x"),
        ("check~h = w*x; mean(h)~x=[1,2]~w=2~dh=1", "`h` is computed or data"),
        ("check~h = x^2; y = h + x~x=2~dy=1", "`y` is computed or data"),
        ("check~h = x^2; y = h + x~h=2", "`h` is computed or data"),
        ("step~x^2~dx=2*x", "`2*x` is a derivative, which is judged by: cargo run -- check\nusage"),
        ("step~x^2~--batch", "--batch takes no formula\nusage"),
        ("check~x^2~x=NaN", "x needs a number or a list, not `NaN`"),
        ("check~ln(x)~x=-1", "#1 = ln(x) is NaN"),
        ("check~ln(x)~x=0", "#1 = ln(x) is -inf"),
        ("check~ln(-x^2)", "no point was found at which the formula has a value\n try: "),
        ("check~2x~x=1", "an operator is missing before `x`"),
        ("check~x^2~x=1~dx=2x", "an operator is missing before `x`"),
        ("check~x*y~x=[1,2]~y=3", "the output"),
        ("check~--file~nowhere.txt", "cannot read nowhere.txt: "),
        ("check~x~--data~nowhere.csv", "cannot read nowhere.csv: "),
        ("check~3", "the formula has no variable"),
        ("check~2*pi~x=1", "the formula has no variable"),
        (
            "check~mean(w*q)~--data~examples/data/challenger_orings.csv~w=1",
            "q has no value, and there is no column of that name\n try: add q=1",
        ),
        ("step~x~x=1~--constant~y", "the formula has no variable `y`"),
        ("step~--data~a.csv", "a formula is missing"),
    ] {
        let (code, text) = check(line);
        assert!(code == 2 && text.starts_with(says), "{line}: {text}");
    }
}

/// Without a point, one is taken at which the formula has a value, and named.
#[test]
fn points_that_are_chosen() {
    for formula in ["x^2", "ln(x - 2)", "sqrt(1 - x)", "1/(x - 1)", "a*b*c*d*f*g*h", "ln(x)*ln(-y)"]
    {
        let (code, text) = check(&format!("check~{formula}"));
        assert!(code == 0 && text.contains(" at "), "{text}");
        let (_, again) = text.split_once("cargo run -- step ").unwrap();
        assert!(again.contains('='), "{again}");
    }
}

#[test]
fn step_and_explore_take_formulas() {
    let table = answer(&[
        "step",
        "a = sigmoid(w*x); L = -ln(a)",
        "w=0.5",
        "x=2",
        "--constant",
        "x",
        "--table",
    ])
    .unwrap();
    assert!(
        table.contains("sigmoid") && table.contains("const") && table.contains(" L "),
        "{table}"
    );
    let page = std::env::temp_dir().join(format!("chainrule-typed-{}.html", std::process::id()));
    let out = page.to_str().unwrap();
    answer(&["explore", "L = (w*x - y)^2", "w=1", "x=2", "y=3", "--out", out]).unwrap();
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("L = (w*x - y)^2") && text.ends_with("</html>\n"));
    let dot = format!("{out}.dot");
    answer(&["step", "L = (w*x - y)^2", "--svg", out, "--dot", &dot]).unwrap();
    assert!(std::fs::read_to_string(&page).unwrap().starts_with("<svg"));
    assert!(std::fs::read_to_string(&dot).unwrap().starts_with("digraph"));
    // Data, and whatever else is no page, is not written over.
    let refused = answer(&["explore", "w^2", "--out", &dot]).unwrap_err();
    assert!(refused.contains("a file of another kind is there"), "{refused}");
    assert!(std::fs::read_to_string(&dot).unwrap().starts_with("digraph"));
    [out, &dot].into_iter().for_each(|file| std::fs::remove_file(file).unwrap());
}

/// A formula in a file, of several lines.
#[test]
fn a_formula_from_a_file() {
    let file = std::env::temp_dir().join(format!("chainrule-formula-{}.txt", std::process::id()));
    std::fs::write(&file, "# a neuron\nz = w*x + b\na = sigmoid(z)\nL = -ln(a)\n").unwrap();
    let name = file.to_str().unwrap();
    let (code, text) = check(&format!("check~--file~{name}~w=0.5~x=2~b=1~dw=x*(a - 1)"));
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("step --file {name} w=0.5 x=2 b=1\n")), "{text}");
    std::fs::write(&file, "z = w*x +\n").unwrap();
    let (_, error) = check(&format!("check~--file~{name}"));
    assert!(error.contains(&format!("--> {name}:2:1")), "{error}");
    std::fs::remove_file(file).unwrap();
}

/// What courses set: each can be stepped, drawn and checked, at a point that is chosen.
const HOMEWORK: [&str; 30] = [
    "x*sigmoid(x)",
    "-ln(sigmoid(w*x + b))",
    "(x^2 + 1)/(x - 3)",
    "sqrt(1 + sqrt(1 + sqrt(x)))",
    "softplus(w*x + b)",
    "ln(p/(1 - p))",
    "exp(-x^2/2)/sqrt(2*pi)",
    "exp(-(x - mu)^2/(2*s^2))/(s*sqrt(2*pi))",
    "max(0, 1 - y*(w*x + b))",
    "h = tanh(w1*x + b1); y = tanh(w2*h + b2)",
    "h1 = tanh(a*x + b*y); h2 = tanh(c*x + d*y); L = (u*h1 + v*h2 - t)^2",
    "r = y - w*x; L = r^2/(1 + |r|)",
    "min((y - w*x)^2/2, |y - w*x| - 0.5)",
    "0.5*k*(x - l)^2",
    "a*exp(-k*t)*cos(w*t)",
    "1/(1 + exp(-z))",
    "ln(1 + exp(x))",
    "x^3*cos(x^2)",
    "sin(x)/x",
    "tan(x)",
    "ln(ln(x + 3))",
    "x^(1/3)",
    "2^x + x^2",
    "x^y",
    "(a*x + b)/(c*x + d)",
    "-y*ln(a) - (1 - y)*ln(1 - a)",
    "sqrt(x^2 + y^2)",
    "exp(x)/(exp(x) + exp(y))",
    "0.5*(w*x - y)^2 + 0.1*w^2",
    "relu(w*x + b) + leaky_relu(v*x, 0.2)",
];

#[test]
fn thirty_homeworks() {
    for formula in HOMEWORK {
        let (code, text) = check(&format!("check~{formula}"));
        assert_eq!(code, 0, "{formula}: {text}");
        let table = answer(&["step", formula, "--table"]).unwrap();
        assert!(!table.contains("NaN"), "{formula}: {table}");
        let (_, svg) = check(&format!("step~{formula}~--svg~/dev/null"));
        assert!(svg.starts_with("wrote "), "{formula}: {svg}");
    }
}

/// The help lists every function of the crate.
#[test]
fn the_help_lists_all_functions() {
    let help = answer(&["check", "--help"]).unwrap();
    let words: Vec<&str> = help.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for function in chainrule::activation::all() {
        let name = function.name();
        assert!(name == "powf" || words.contains(&name), "{name} is missing");
    }
}
