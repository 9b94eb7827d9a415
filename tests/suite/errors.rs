//! Every message, word for word; and its "try" is done, and helps.

use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};

use crate::common::{self, place};
use chainrule::activation::{Activation, Identity, Relu, Sigmoid, Tanh};
use chainrule::data::{Csv, Examples, Standardizer};
use chainrule::logistic::{Options, accuracy, initialize_with_zeros, optimize, predict, propagate};
use chainrule::network::{Network, cross_entropy, glorot, squared_error};
use chainrule::tape::Value;
use chainrule::tensor::{Local, Tape, Tensor};
use chainrule::{Error, Result, scalar};

/// The message of the panic that `work` ends in. Where it names a line of this file, the rest of
/// that line, from the column on, stands for it: it must be the learner's own.
#[track_caller]
fn panic_of(work: impl FnOnce() + UnwindSafe) -> String {
    let message = common::panic_of(work);
    let place = place(&message, file!());
    message.replacen(&place.text, &place.code, 1)
}

#[track_caller]
fn fault_of<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("this should have been refused").to_string()
}

fn csv(text: &str) -> Result<Examples> {
    Examples::from_csv(text.as_bytes(), "my.csv", None, &[])
}

fn csv_without(text: &str, without: &[&str]) -> Result<Examples> {
    Examples::from_csv(text.as_bytes(), "my.csv", None, without)
}

fn csv_label(text: &str, label: &str) -> Result<Examples> {
    Examples::from_csv(text.as_bytes(), "my.csv", Some(label), &[])
}

/// Trains on what was fixed: it must do for that.
#[track_caller]
fn trains(examples: Result<Examples>) -> Examples {
    let examples = examples.unwrap_or_else(|error: Error| panic!("{error}"));
    let (w, b) = initialize_with_zeros(examples.features.len());
    let options = Options { num_iterations: 10, ..Options::default() };
    optimize(w, b, &examples.x, &examples.y, &options).unwrap();
    examples
}

fn learn(learning_rate: f64) -> Result<()> {
    let Examples { x, y, .. } = csv("x,y\n-1,0\n1,1\n")?;
    let options = Options { learning_rate, ..Options::default() };
    optimize(Tensor::zeros(1, 1), 0.0, &x, &y, &options).map(drop)
}

#[track_caller]
fn assert_text(message: &str, expected: &str) {
    assert_eq!(message, expected, "\n{message}\n");
    for part in ["\n why: ", "\n try: "] {
        assert!(message.contains(part));
    }
    for line in message.lines() {
        assert!(line.chars().count() <= 80 || line.starts_with("  --> "), "long: {line}");
    }
}

#[test]
fn matmul_on_a_tape() {
    let message = panic_of(|| {
        let tape = Tape::new();
        let (w, x) = (tape.var(Tensor::zeros(2, 1)), tape.var(Tensor::zeros(2, 3)));
        w.matmul(x);
    });
    assert_text(
        &message,
        "\
matmul shapes do not chain: (2, 1) x (2, 3)
  --> matmul(x);
   = inner sizes 1 and 2 must be equal
 why: a row of the left meets a column of the right: here 1 with 2 entries
 try: left.t().matmul(right)  gives (1, 2) x (2, 3) = (1, 3)",
    );
    let tape = Tape::new();
    let (w, x) = (tape.var(Tensor::zeros(2, 1)), tape.var(Tensor::zeros(2, 3)));
    assert_eq!(w.t().matmul(x).shape(), (1, 3));
}

#[test]
fn matmul_with_equal_rows() {
    let (left, right) = (Tensor::zeros(2, 1), Tensor::zeros(2, 3));
    let message = panic_of(|| {
        left.matmul(&right);
    });
    assert_text(
        &message,
        "\
matmul shapes do not chain: (2, 1) x (2, 3)
  --> matmul(&right);
   = inner sizes 1 and 2 must be equal
 why: a row of the left meets a column of the right: here 1 with 2 entries
 try: left.t().matmul(right)  gives (1, 2) x (2, 3) = (1, 3)",
    );
    assert_eq!(left.t().matmul(&right).shape(), (1, 3));
}

#[test]
fn matmul_with_equal_columns() {
    let (left, right) = (Tensor::zeros(1, 4), Tensor::zeros(3, 4));
    let message = panic_of(|| {
        left.matmul(&right);
    });
    assert_text(
        &message,
        "\
matmul shapes do not chain: (1, 4) x (3, 4)
  --> matmul(&right);
   = inner sizes 4 and 3 must be equal
 why: a row of the left meets a column of the right: here 4 with 3 entries
 try: left.matmul(right.t())  gives (1, 4) x (4, 3) = (1, 3)",
    );
    assert_eq!(left.matmul(&right.t()).shape(), (1, 3));
}

#[test]
fn matmul_the_other_way_round() {
    let (left, right) = (Tensor::zeros(2, 3), Tensor::zeros(5, 2));
    let message = panic_of(|| {
        left.matmul(&right);
    });
    assert_text(
        &message,
        "\
matmul shapes do not chain: (2, 3) x (5, 2)
  --> matmul(&right);
   = inner sizes 3 and 5 must be equal
 why: a row of the left meets a column of the right: here 3 with 5 entries
 try: right.matmul(left)  gives (5, 2) x (2, 3) = (5, 3)",
    );
    assert_eq!(right.matmul(&left).shape(), (5, 3));
}

#[test]
fn matmul_of_what_does_not_fit_at_all() {
    let (left, right) = (Tensor::zeros(2, 3), Tensor::zeros(4, 5));
    let message = panic_of(|| {
        left.matmul(&right);
    });
    assert_text(
        &message,
        "\
matmul shapes do not chain: (2, 3) x (4, 5)
  --> matmul(&right);
   = inner sizes 3 and 4 must be equal
 why: a row of the left meets a column of the right: here 3 with 4 entries
 try: one of the two needs another size: here 3 and 4 should be equal",
    );
    assert_eq!(left.matmul(&Tensor::zeros(3, 5)).shape(), (2, 5));
}

#[test]
fn a_row_with_a_column() {
    let message = panic_of(|| {
        let tape = Tape::new();
        let (row, column) = (tape.var(Tensor::zeros(1, 3)), tape.var(Tensor::zeros(3, 1)));
        let _ = row - column;
    });
    assert_text(
        &message,
        "\
shapes do not fit entry by entry: (1, 3) with (3, 1)
  --> row - column;
 why: both would be repeated: so does (m,) with (m, 1) become (m, m) elsewhere
 try: transpose one with .t() for entry by entry, or .matmul() for all pairs",
    );
    let (row, column) = (Tensor::zeros(1, 3), Tensor::zeros(3, 1));
    assert_eq!((&row - &column.t()).shape(), (1, 3));
    assert_eq!(column.matmul(&row).shape(), (3, 3));
}

#[test]
fn shapes_that_are_transposed() {
    let (x, y) = (Tensor::zeros(2, 3), Tensor::zeros(3, 2));
    let message = panic_of(|| {
        let _ = &x + &y;
    });
    assert_text(
        &message,
        "\
shapes do not fit entry by entry: (2, 3) with (3, 2)
  --> &x + &y;
 why: only one is repeated: a 1x1, a row over rows, or a column over columns
 try: transpose one of them: .t() makes (3, 2) of (2, 3)",
    );
    assert_eq!((&x + &y.t()).shape(), (2, 3));
}

#[test]
fn shapes_that_do_not_broadcast() {
    let (x, y) = (Tensor::zeros(2, 3), Tensor::zeros(4, 3));
    let message = panic_of(|| {
        let _ = &x * &y;
    });
    assert_text(
        &message,
        "\
shapes do not fit entry by entry: (2, 3) with (4, 3)
  --> &x * &y;
 why: only one is repeated: a 1x1, a row over rows, or a column over columns
 try: print both shapes where they are made; often a .t() or a sum is missing",
    );
    assert_eq!((&x * &y.sum_rows()).shape(), (2, 3));
}

#[test]
fn backward_from_many() {
    let message = panic_of(|| {
        let tape = Tape::new();
        let x = tape.var(Tensor::zeros(2, 3));
        x.backward();
    });
    assert_text(
        &message,
        "\
backward must start from a single number, not from (2, 3)
  --> backward();
   = this output has 6 entries
 why: a gradient says how one number changes; many outputs have a Jacobian
 try: call .sum() or .mean() on the output first, then .backward()",
    );
    let tape = Tape::new();
    let x = tape.var(Tensor::zeros(2, 3));
    assert_eq!(x.sum().backward().wrt(x).shape(), (2, 3));
    assert_eq!(x.mean().backward().wrt(x).shape(), (2, 3));
}

#[test]
fn an_input_of_another_tape() {
    let message = panic_of(|| {
        let (mine, other) = (scalar::Tape::new(), scalar::Tape::new());
        let (x, y) = (mine.var(1.0), other.var(2.0));
        let _ = x * y;
    });
    assert_text(
        &message,
        "\
an input of `mul` belongs to another tape
  --> x * y;
 why: a node's number means something on its own tape only
 try: create all variables on one tape, and call backward after the last clear",
    );
    let tape = scalar::Tape::new();
    let (x, y) = (tape.var(1.0), tape.var(2.0));
    assert_eq!((x * y).backward().wrt(x), 2.0);
}

/// Nothing is left behind on either tape, not even the row repeated.
#[test]
fn a_row_of_another_tape() {
    let message = panic_of(|| {
        let (mine, other) = (Tape::new(), Tape::new());
        let (x, y) = (mine.var(Tensor::zeros(2, 3)), other.var(Tensor::zeros(1, 3)));
        let refused = catch_unwind(AssertUnwindSafe(|| x + y));
        assert_eq!((mine.len(), other.len()), (1, 1));
        resume_unwind(refused.unwrap_err());
    });
    assert!(message.starts_with("an input of `add` belongs to another tape\n  --> x + y"));
}

#[test]
fn gradients_added_in_another_shape() {
    let message = panic_of(|| {
        Tensor::zeros(2, 3).accumulate(Tensor::from(1.0));
    });
    assert_text(
        &message,
        "\
(1, 1) cannot be added into (2, 3)
  --> accumulate(Tensor::from(1.0));
 why: a gradient has one entry for each entry of its value, hence the same shape
 try: give both the same shape; x + y makes a new matrix, and may broadcast",
    );
    let mut sum = Tensor::zeros(2, 3);
    sum.accumulate(Tensor::filled(2, 3, 1.0));
    assert_eq!(&Tensor::zeros(2, 3) + &Tensor::from(1.0), sum);
}

#[test]
fn gradients_of_another_tape() {
    let message = panic_of(|| {
        let (mine, other) = (scalar::Tape::new(), scalar::Tape::new());
        let (x, y) = (mine.var(1.0), other.var(2.0));
        x.backward().wrt(y);
    });
    assert_text(
        &message,
        "\
these gradients belong to another tape, or the tape was cleared since
  --> wrt(y);
 why: a node's number means something on its own tape only
 try: create all variables on one tape, and call backward after the last clear",
    );
    let tape = scalar::Tape::new();
    let (x, y) = (tape.var(1.0), tape.var(2.0));
    assert_eq!(x.backward().wrt(y), 0.0);
}

#[test]
fn gradients_from_before_a_clear() {
    let message = panic_of(|| {
        let mut tape = scalar::Tape::new();
        let old = tape.var(1.0).backward();
        tape.clear();
        let x = tape.var(1.0);
        old.wrt(x);
    });
    assert_text(
        &message,
        "\
these gradients belong to another tape, or the tape was cleared since
  --> wrt(x);
 why: a node's number means something on its own tape only
 try: create all variables on one tape, and call backward after the last clear",
    );
    let mut tape = scalar::Tape::new();
    tape.clear();
    let x = tape.var(1.0);
    assert_eq!(x.backward().wrt(x), 1.0);
}

#[test]
fn a_local_derivative_of_the_wrong_shape() {
    let message = panic_of(|| {
        let tape = Tape::new();
        let x = tape.var(Tensor::zeros(2, 3));
        let y = tape.record("mine", x.value().t(), [(x, Local::custom(Tensor::clone))]);
        y.sum().backward();
    });
    assert_text(
        &message,
        "\
a local derivative of `mine` gave (3, 2), its input is (2, 3)
  --> record(\"mine\", x.value().t(), [(x, Local::custom(Tensor::clone))]);
   = the node is (3, 2)
 why: a gradient has one entry for each entry of its value, hence the same shape
 try: let the local derivative return (2, 3); often a transpose is missing",
    );
    let local = || Local::Elementwise(Tensor::zeros(2, 3));
    let locals: [fn() -> Local; 3] = [
        local,
        || Local::MatmulRight(Tensor::zeros(3, 3)),
        || Local::MatmulLeft(Tensor::zeros(2, 3)),
    ];
    for local in locals {
        let message = panic_of(|| {
            let tape = Tape::new();
            let x = tape.var(Tensor::zeros(2, 3));
            tape.record("mine", x.value().t(), [(x, local())]).sum().backward();
        });
        assert_text(
            &message,
            "\
a local derivative of `mine` does not fit its gradient, its input is (2, 3)
  --> record(\"mine\", x.value().t(), [(x, local())]).sum().backward();
   = the node is (3, 2)
 why: a gradient has one entry for each entry of its value, hence the same shape
 try: let the local derivative return (2, 3); often a transpose is missing",
        );
    }
    let tape = Tape::new();
    let x = tape.var(Tensor::zeros(2, 3));
    let y = tape.record("mine", x.value().t(), [(x, Local::custom(Tensor::t))]);
    assert_eq!(y.sum().backward().wrt(x).shape(), (2, 3));
}

#[test]
fn too_few_entries() {
    let message = panic_of(|| {
        Tensor::new(2, 3, vec![1.0; 5]);
    });
    assert_text(
        &message,
        "\
5 entries do not fill a (2, 3) matrix
  --> Tensor::new(2, 3, vec![1.0; 5]);
   = 2 x 3 needs 6 entries
 why: a matrix has one entry for each row and column
 try: give the entries row by row, and as many as rows x columns",
    );
    assert_eq!(Tensor::new(2, 3, vec![1.0; 6]).shape(), (2, 3));
}

#[test]
fn rows_of_different_lengths() {
    let message = panic_of(|| {
        Tensor::from_rows(&[vec![1.0, 2.0], vec![3.0]]);
    });
    assert_text(
        &message,
        "\
rows of different lengths do not make a matrix
  --> Tensor::from_rows(&[vec![1.0, 2.0], vec![3.0]]);
   = entries in row 1: 1, in row 0: 2
 why: all rows of a matrix have the same length
 try: complete the shorter row, or leave out the surplus",
    );
    assert_eq!(Tensor::from_rows(&[vec![1.0, 2.0], vec![3.0, 4.0]]).shape(), (2, 2));
}

#[test]
fn an_entry_that_is_not_there() {
    let x = Tensor::zeros(2, 3);
    let message = panic_of(|| {
        x.get(2, 0);
    });
    assert_text(
        &message,
        "\
no entry (2, 0) in a (2, 3) matrix
  --> get(2, 0);
 why: rows and columns are counted from 0
 try: ask for a row and a column that are less than the shape's",
    );
    assert_eq!(x.get(1, 0), 0.0);
}

#[test]
fn columns_that_are_not_there() {
    let x = Tensor::zeros(2, 3);
    let message = panic_of(|| {
        x.columns(1..4);
    });
    assert_text(
        &message,
        "\
no columns 1..4 in a (2, 3) matrix
  --> columns(1..4);
 why: columns are counted from 0, and the range's end is not included
 try: stay within 0..3",
    );
    assert_eq!(x.columns(1..3).shape(), (2, 2));
}

#[test]
fn a_dot_product_of_different_lengths() {
    let message = panic_of(|| {
        let tape = scalar::Tape::new();
        let w = [tape.var(1.0), tape.var(2.0)];
        tape.dot(&w, &[1.0, 2.0, 3.0]);
    });
    assert_text(
        &message,
        "\
dot needs as many weights as inputs
  --> dot(&w, &[1.0, 2.0, 3.0]);
   = w has 2 entries, x has 3
 why: the dot product multiplies the factors in pairs
 try: give both the same length",
    );
    let tape = scalar::Tape::new();
    let w = [tape.var(1.0), tape.var(2.0)];
    assert_eq!(tape.dot(&w, &[1.0, 2.0]).value(), 5.0);
}

#[test]
fn a_power_of_two_plain_numbers() {
    use chainrule::arithmetic::pow;
    let message = panic_of(|| {
        let _: scalar::Var<'_> = pow(2.0, 3.0);
    });
    assert_text(
        &message,
        "\
`pow` of two plain numbers has no tape to be recorded on
  --> pow(2.0, 3.0);
   = the operands are 2 and 3
 why: only what depends on a variable has a gradient
 try: make one of them a variable, or use the function of f64: powf, max, min",
    );
    let tape = scalar::Tape::new();
    assert_eq!(pow(2.0, tape.var(3.0)).value(), 2f64.powf(3.0));
}

#[test]
fn a_derivative_with_respect_to_what_is_newer() {
    use chainrule::{check, scalar::Tape};
    let message = panic_of(|| {
        let tape = Tape::new();
        let x = tape.var(2.0);
        let y = x * x;
        let z = y * 3.0;
        check::derivation(y, &[(z, 3.0)]);
    });
    assert_text(
        &message,
        "\
a derivative was given with respect to what is newer than the output
  --> check::derivation(y, &[(z, 3.0)]);
   = the output is #1, the variable #2
 why: an output depends on what was recorded before it
 try: give the variables that the output was computed from",
    );
    let tape = Tape::new();
    let x = tape.var(2.0);
    assert!(check::derivation(x * x, &[(x, 4.0)]).agrees());
}

#[test]
fn a_gradient_by_hand_that_is_too_short() {
    use chainrule::check::{self, Scalar};
    fn cost<S: Scalar>(p: &[S]) -> S {
        p[0] * p[1] * p[2]
    }
    let message = panic_of(|| {
        check::gradient!(cost, &[2.0, 3.0, -1.0], &[-3.0, -2.0]);
    });
    assert_text(
        &message,
        "\
the gradient by hand has 2 entries
  --> check::gradient!(cost, &[2.0, 3.0, -1.0], &[-3.0, -2.0]);
   = the formula is taken at 3 numbers
 why: a gradient has one entry for each parameter
 try: give one derivative for each number in the point",
    );
    assert!(check::gradient!(cost, &[2.0, 3.0, -1.0], &[-3.0, -2.0, 6.0]).agrees());
}

#[test]
fn a_judge_without_a_value() {
    use chainrule::check::Comparison;
    let message = panic_of(|| {
        Comparison::new(["reverse mode", "closed form"]).add("dw", [1.0], 1.0);
    });
    assert_text(
        &message,
        "\
dw needs 2 values, and has 1
  --> add(\"dw\", [1.0], 1.0);
   = the judges are [\"reverse mode\", \"closed form\"]
 why: each judge has one value for each derivative
 try: give one value for each judge",
    );
    let mut comparison = Comparison::new(["reverse mode", "closed form"]);
    comparison.add("dw", [1.0, 1.0], 1.0);
    assert!(comparison.agrees());
}

#[test]
fn a_boundary_of_three_features() {
    use chainrule::view::plot;
    let text = "a,b,c,y\n1,2,3,0\n4,6,8,1\n";
    let message = panic_of(|| {
        let all = Examples::from_csv(text.as_bytes(), "my.csv", None, &[]).unwrap();
        plot::boundary("three features", &all, ["no", "yes"], &Tensor::zeros(3, 1), 0.0);
    });
    assert_text(
        &message,
        "\
a decision boundary can be drawn for two features only
  --> plot::boundary(\"three features\", &all, [\"no\", \"yes\"], &Tensor::zeros(3, 1), 0.0);
   = X is (3, 2), Y is (1, 2), w is (3, 1)
 why: w·x + b = 0 is a line in a plane, which has one axis for each feature
 try: choose two rows of X, and train on these alone",
    );
    let two = csv_without(text, &["c"]).unwrap();
    plot::boundary("two features", &two, ["no", "yes"], &Tensor::zeros(2, 1), 0.0);
}

#[test]
fn a_network_without_layers() {
    let x = Tensor::zeros(2, 3);
    let message = panic_of(|| {
        Network::new(2).predict(&x);
    });
    assert_text(
        &message,
        "\
the network has no layers
  --> predict(&x);
 why: without a layer there is nothing to compute
 try: add one, such as .layer(1, Sigmoid)",
    );
    assert_eq!(Network::new(2).layer(1, Sigmoid).predict(&x).shape(), (1, 3));
}

#[test]
fn examples_that_do_not_fit_the_network() {
    let x = Tensor::zeros(2, 3);
    let message = panic_of(|| {
        let network = Network::new(3).layer(1, Sigmoid);
        network.propagate(&x, &Tensor::zeros(1, 3), cross_entropy);
    });
    assert_text(
        &message,
        "\
X is (2, 3), and the network takes 3 features
  --> propagate(&x, &Tensor::zeros(1, 3), cross_entropy);
 why: each row of X is one feature, and each has its own weights
 try: pass x.t() if examples are rows, or use Network::new(x.shape().0)",
    );
    let network = Network::new(3).layer(1, Sigmoid);
    network.propagate(&x.t(), &Tensor::zeros(1, 2), cross_entropy);
    let network = Network::new(x.shape().0).layer(1, Sigmoid);
    network.propagate(&x, &Tensor::zeros(1, 3), cross_entropy);
}

#[test]
fn labels_that_do_not_fit_the_network() {
    let x = Tensor::zeros(2, 3);
    let message = panic_of(|| {
        let network = Network::new(2).layer(1, Sigmoid);
        network.propagate(&x, &Tensor::zeros(1, 2), cross_entropy);
    });
    assert_text(
        &message,
        "\
Y is (1, 2), and does not fit X, which is (2, 3)
  --> propagate(&x, &Tensor::zeros(1, 2), cross_entropy);
   = nodes in the last layer: 1
 why: the loss compares each output with its own label, one column per example
 try: give Y a row for each node of the last layer, and a column for each of X",
    );
    let network = Network::new(2).layer(1, Sigmoid);
    network.propagate(&x, &Tensor::zeros(1, 3), cross_entropy);
}

#[test]
fn a_loss_that_is_a_mean_already() {
    let (x, y) = (Tensor::zeros(1, 4), Tensor::zeros(1, 4));
    for threads in [1, 2] {
        let message = panic_of(move || {
            let (x, y) = (Tensor::zeros(1, 100_000), Tensor::zeros(1, 100_000));
            let mut network = Network::new(1).layer(1, Sigmoid);
            network.threads = Some(threads);
            network.propagate(&x, &y, |output, y| cross_entropy(output, y).mean());
        });
        assert_text(
            &message,
            "\
the loss is (1, 1), for 32768 examples
  --> propagate(&x, &y, |output, y| cross_entropy(output, y).mean());
 why: the cost is the sum of the losses, divided by m, and is divided only once
 try: give the loss of each example, (1, m); the network takes the mean",
        );
    }
    let network = Network::new(1).layer(1, Sigmoid);
    assert_eq!(network.propagate(&x, &y, cross_entropy).1, 2f64.ln());
}

#[test]
fn cross_entropy_of_soft_labels() {
    let x = Tensor::from_rows(&[[1.0, 2.0]]);
    let y = Tensor::from_rows(&[[1.0, 0.5]]);
    let mut network = Network::new(1).layer(1, Sigmoid);
    let message = panic_of({
        let (x, y) = (x.clone(), y.clone());
        move || {
            let network = Network::new(1).layer(1, Sigmoid);
            network.propagate(&x, &y, cross_entropy);
        }
    });
    assert_text(
        &message,
        "\
cross-entropy has labels 0 and 1, and Y has 0.5
  --> propagate(&x, &y, cross_entropy);
 why: softplus((1 - 2y) z) is -ln a for y = 1 and -ln(1 - a) for y = 0 only
 try: map the two classes to 0 and 1, or use squared_error for other targets",
    );
    network.train(&x, &y, squared_error, 10, 1.0, |_, _, _| ());
    network.train(&x, &y.map(|y| f64::from(y > 0.5)), cross_entropy, 10, 1.0, |_, _, _| ());
}

#[test]
fn two_classes_at_once() {
    let message = panic_of(|| {
        let (x, y) = (Tensor::zeros(1, 2), Tensor::from_rows(&[[1.0, 1.0], [0.0, 1.0]]));
        Network::new(1).layer(2, Identity).propagate(&x, &y, cross_entropy);
    });
    assert_text(
        &message,
        "\
example 1 is of 2 classes
  --> propagate(&x, &y, cross_entropy);
   = its column of Y has to be 1 in one of 2 rows, 0 in the others
 why: the cost is -ln a of the one class that the example has
 try: use data::one_hot for Y, or .layer(1, Sigmoid) where Y is a row of 0 and 1",
    );
    let (x, y) = (Tensor::zeros(1, 2), Tensor::from_rows(&[[1.0, 1.0], [0.0, 1.0]]));
    Network::new(1).layer(2, Sigmoid).propagate(&x, &y, cross_entropy);
    let y = chainrule::data::one_hot(&y.columns(0..2).sum_rows().map(|y| y - 1.0), 2);
    Network::new(1).layer(2, Identity).propagate(&x, &y, cross_entropy);
}

#[test]
fn cross_entropy_of_relu_nodes() {
    let message = panic_of(|| {
        let (x, y) = (Tensor::zeros(1, 2), Tensor::zeros(1, 2));
        let mut network = Network::new(1).layer(1, Relu);
        network.train(&x, &y, cross_entropy, 10, 1.0, |_, _, _| ());
    });
    assert_text(
        &message,
        "\
cross-entropy goes with a sigmoid, and the last layer is relu
  --> train(&x, &y, cross_entropy, 10, 1.0, |_, _, _| ());
   = relu(-2) = 0.000000, sigmoid(-2) = 0.119203
 why: it is computed from z, as if a were sigmoid(z); here a is another number
 try: end with .layer(1, Sigmoid) or .layer(k, Identity), or use squared_error",
    );
    let (x, y) = (Tensor::zeros(1, 2), Tensor::zeros(1, 2));
    Network::new(1).layer(1, Relu).propagate(&x, &y, squared_error);
    Network::new(1).layer(1, Sigmoid).propagate(&x, &y, cross_entropy);
    // What is a sigmoid decides, not what it is called.
    struct Mine;
    impl Activation for Mine {
        fn name(&self) -> &'static str {
            "mine"
        }
        fn f(&self, x: f64) -> f64 {
            1.0 / (1.0 + (-x).exp())
        }
        fn df(&self, _x: f64, y: f64) -> f64 {
            y * (1.0 - y)
        }
    }
    Network::new(1).layer(1, Mine).propagate(&x, &y, cross_entropy);
}

#[test]
fn parameters_that_do_not_fit_the_layers() {
    let message = panic_of(|| {
        let mut network = Network::new(2).layer(3, Tanh).layer(1, Sigmoid);
        network.layers[0].bias = Tensor::zeros(1, 3);
        network.predict(&Tensor::zeros(2, 3));
    });
    assert_text(
        &message,
        "\
the parameters of layer 1 do not fit it
  --> predict(&Tensor::zeros(2, 3));
   = given: W (2, 3), b (1, 3)
   = needed: W (2, 3), b (3, 1)
 why: W has a row for each input, a column for each node, and b a row for each
 try: give each layer W (inputs, nodes) and b (nodes, 1), in the order of layers",
    );
    let message = panic_of(|| {
        let mut network = Network::new(2).layer(3, Tanh).layer(1, Sigmoid);
        network.layers[1].weights = Tensor::zeros(2, 1);
        network.propagate(&Tensor::zeros(2, 4), &Tensor::zeros(1, 4), cross_entropy);
    });
    assert!(message.contains("layer 2") && message.contains("--> propagate"), "{message}");
    let message = panic_of(|| {
        let (network, tape) = (Network::new(2).layer(3, Tanh).layer(1, Sigmoid), Tape::new());
        let parameters = network.parameters(&tape);
        network.forward(&parameters[..1], tape.constant(Tensor::zeros(2, 4)));
    });
    assert!(message.contains("layer 2") && message.contains("given: nothing"), "{message}");
    assert!(message.contains("--> forward(&parameters[..1]"), "{message}");
    let mut network = Network::new(2).layer(3, Tanh).layer(1, Sigmoid);
    network.layers[0].bias = Tensor::new(3, 1, vec![1.0, 2.0, 3.0]);
    network.predict(&Tensor::zeros(2, 3));
}

#[test]
fn gradients_that_do_not_fit_the_layers() {
    let two_layers = || {
        let mut network = Network::new(1).layer(2, Tanh).layer(1, Sigmoid).initialize(3, glorot);
        let (x, y) = (Tensor::from_rows(&[[1.0, 2.0]]), Tensor::zeros(1, 2));
        let (grads, _) = network.propagate(&x, &y, cross_entropy);
        network.step(&grads, 1.0);
        (network, grads)
    };
    let message = panic_of(move || {
        let (mut network, grads) = two_layers();
        network.step(&grads[..1], 1.0);
    });
    assert_text(
        &message,
        "\
the gradients of layer 2 do not fit it
  --> step(&grads[..1], 1.0);
   = given: nothing
   = needed: W (2, 1), b (1, 1)
 why: W has a row for each input, a column for each node, and b a row for each
 try: give each layer W (inputs, nodes) and b (nodes, 1), in the order of layers",
    );
    let message = panic_of(move || {
        let (mut network, mut grads) = two_layers();
        grads[1].dw = Tensor::zeros(2, 3);
        network.step(&grads, 1.0);
    });
    assert!(message.contains("given: W (2, 3), b (1, 1)"), "{message}");
}

#[test]
fn a_step_by_nan() {
    let message = panic_of(|| {
        let mut network = Network::new(1).layer(1, Sigmoid);
        let (x, y) = (Tensor::zeros(1, 2), Tensor::zeros(1, 2));
        network.train(&x, &y, cross_entropy, 10, f64::NAN, |_, _, _| ());
    });
    assert_text(
        &message,
        "\
the learning rate is NaN
  --> train(&x, &y, cross_entropy, 10, f64::NAN, |_, _, _| ());
 why: w - α dw is NaN or infinite then, whatever w and dw are
 try: use a number such as 0.5",
    );
    let mut network = Network::new(1).layer(1, Sigmoid);
    network.train(&Tensor::zeros(1, 2), &Tensor::zeros(1, 2), cross_entropy, 10, 0.5, |_, _, _| ());
}

#[test]
fn predict_with_another_number_of_features() {
    let message = fault_of(predict(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(3, 2)));
    assert_text(
        &message,
        "\
w has 2 weights and X has 3 features
   = w is (2, 1), X is (3, 2)
 why: z = wᵀX + b gives each feature its own weight; examples are columns of X
 try: use the features that w was trained with; if examples are rows, pass x.t()",
    );
    assert!(predict(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(3, 2).t()).is_ok());
}

#[test]
fn weights_in_a_row() {
    let message = fault_of(predict(&Tensor::zeros(1, 2), 0.0, &Tensor::zeros(2, 3)));
    assert_text(
        &message,
        "\
w must be one column, (2, 1)
   = w is (1, 2), X is (2, 3)
 why: z = wᵀX + b multiplies each feature by its own weight
 try: start from initialize_with_zeros(n), or pass w.t()",
    );
    assert!(predict(&Tensor::zeros(1, 2).t(), 0.0, &Tensor::zeros(2, 3)).is_ok());
    let (w, b) = initialize_with_zeros(2);
    assert!(predict(&w, b, &Tensor::zeros(2, 3)).is_ok());
}

#[test]
fn an_empty_training_set() {
    let message =
        fault_of(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 0), &Tensor::zeros(1, 0)));
    assert_text(
        &message,
        "\
there are no examples
   = X is (2, 0)
 why: the cost is a mean over the examples, and 0/0 is no number
 try: check that the file has rows below its header, and that a split left some",
    );
    trains(csv("x,y\n1,0\n1,1\n"));
}

#[test]
fn labels_in_a_column() {
    let message =
        fault_of(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 3), &Tensor::zeros(3, 1)));
    assert_text(
        &message,
        "\
Y must be (1, 3): one label for each column of X
   = X is (2, 3), Y is (3, 1)
 why: each example, a column of X, has one label
 try: pass y.t()",
    );
    let y = Tensor::zeros(3, 1).t();
    assert!(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 3), &y).is_ok());
}

#[test]
fn more_labels_than_examples() {
    let message =
        fault_of(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 3), &Tensor::zeros(1, 4)));
    assert_text(
        &message,
        "\
Y must be (1, 3): one label for each column of X
   = X is (2, 3), Y is (1, 4)
 why: each example, a column of X, has one label
 try: drop what has no partner",
    );
    let y = Tensor::zeros(1, 4).columns(0..3);
    assert!(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 3), &y).is_ok());
}

#[test]
fn labels_that_are_not_0_or_1() {
    let message = fault_of({
        let y = Tensor::new(1, 4, vec![1.0, 2.0, 1.0, 2.0]);
        propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 4), &y)
    });
    assert_text(
        &message,
        "\
labels must be 0 or 1, and Y has 2
   = labels seen: 1, 2
   = the first wrong one is that of example 1 (counted from 0)
 why: for y = 1 the cost is -ln a, for y = 0 -ln(1 - a), and there is no third
 try: map the two classes to 0 and 1, for example y.map(|y| f64::from(y == 1.0))",
    );
    let nan = Tensor::new(1, 4, vec![f64::NAN, 1.0, f64::NAN, f64::NAN]);
    let message = fault_of(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 4), &nan));
    assert!(message.contains("and Y has NaN\n   = labels seen: 1, NaN\n"), "{message}");
    let y = Tensor::new(1, 4, vec![1.0, 2.0, 1.0, 2.0]).map(|y| f64::from(y == 1.0));
    assert!(propagate(&Tensor::zeros(2, 1), 0.0, &Tensor::zeros(2, 4), &y).is_ok());
}

#[test]
fn a_learning_rate_that_is_zero() {
    let message = fault_of(learn(0.0));
    assert_text(
        &message,
        "\
the learning rate must be a positive finite number, not 0
 why: each step goes against the gradient, by the learning rate times its length
 try: use 0.5, and standardise the features",
    );
    learn(0.5).unwrap();
    learn(0.001).unwrap();
}

#[test]
fn a_learning_rate_that_is_negative() {
    let message = fault_of(learn(-0.5));
    assert_text(
        &message,
        "\
the learning rate must be a positive finite number, not -0.5
 why: each step goes against the gradient, by the learning rate times its length
 try: use 0.5, and standardise the features",
    );
    learn(0.5).unwrap();
    learn(0.001).unwrap();
}

#[test]
fn a_learning_rate_that_is_nan() {
    let message = fault_of(learn(f64::NAN));
    assert_text(
        &message,
        "\
the learning rate must be a positive finite number, not NaN
 why: each step goes against the gradient, by the learning rate times its length
 try: use 0.5, and standardise the features",
    );
    learn(0.5).unwrap();
    learn(0.001).unwrap();
}

#[test]
fn a_learning_rate_that_is_infinite() {
    let message = fault_of(learn(f64::INFINITY));
    assert_text(
        &message,
        "\
the learning rate must be a positive finite number, not inf
 why: each step goes against the gradient, by the learning rate times its length
 try: use 0.5, and standardise the features",
    );
    learn(0.5).unwrap();
    learn(0.001).unwrap();
}

#[test]
fn a_nan_in_x() {
    let message = fault_of({
        let x = Tensor::from_rows(&[[1.0, 2.0], [3.0, f64::NAN]]);
        propagate(&Tensor::zeros(2, 1), 0.0, &x, &Tensor::zeros(1, 2))
    });
    assert_text(
        &message,
        "\
feature 1 of example 1 is NaN
   = X is (2, 2); both are counted from 0
 why: one such number makes z, the cost and every gradient NaN or infinite
 try: fix or drop this example before training",
    );
    let x = Tensor::from_rows(&[[1.0], [3.0]]);
    assert!(propagate(&Tensor::zeros(2, 1), 0.0, &x, &Tensor::zeros(1, 1)).is_ok());
}

#[test]
fn an_infinity_in_what_is_predicted() {
    let message = fault_of(predict(&Tensor::zeros(1, 1), 0.0, &Tensor::from(f64::INFINITY)));
    assert_text(
        &message,
        "\
feature 0 of example 0 is inf
   = X is (1, 1); both are counted from 0
 why: one such number makes z, the cost and every gradient NaN or infinite
 try: fix or drop this example before training",
    );
    assert!(predict(&Tensor::zeros(1, 1), 0.0, &Tensor::from(1.0)).is_ok());
}

#[test]
fn fields_that_do_not_fit_each_other() {
    let text = &b"a,y\n1,0\n2,1\n3,0\n"[..];
    let good = Examples::from_csv(text, "my.csv", None, &[]).unwrap();
    let message = panic_of({
        let good = good.clone();
        move || {
            let bad = Examples { x: Tensor::zeros(2, 3), ..good.clone() };
            let _ = bad.standardizer();
        }
    });
    assert_text(
        &message,
        "\
the fields of these examples do not fit each other
  --> standardizer();
   = X is (2, 3), Y (1, 3), features: 1
 why: a row of X is a feature with a name, a column an example with a label
 try: give X (n, m), Y (1, m) and n names",
    );
    let message = panic_of({
        let bad = Examples { y: Tensor::zeros(1, 4), ..good.clone() };
        move || drop(bad.split(0.5, 1))
    });
    assert!(message.contains("\n  --> split(0.5, 1))"), "{message}");
    good.standardizer().unwrap();
    good.split(0.5, 1).unwrap();
}

#[test]
fn a_constant_feature() {
    let message =
        fault_of(csv("a,b,y\n1,3,0\n2,3,1\n").and_then(|examples| examples.standardizer()));
    assert_text(
        &message,
        "\
feature `b` is 3 in all 2 examples
   = its deviation is 0
 why: standardising divides by the deviation; it tells no examples apart anyway
 try: leave the column out: --without \"b\"",
    );
    trains(csv_without("a,b,y\n1,3,0\n2,3,1\n", &["b"])).standardizer().unwrap();
}

#[test]
fn a_nan_in_what_is_standardised() {
    let message = fault_of({
        let mut examples = csv("a,b,y\n1,3,0\n2,4,1\n3,9,1\n").unwrap();
        examples.x = Tensor::from_rows(&[[1.0, 2.0, 3.0], [3.0, f64::NAN, 9.0]]);
        examples.standardizer()
    });
    assert_text(
        &message,
        "\
feature `b` of example 1 is NaN
   = examples are counted from 0
 why: one such number makes the mean and the deviation NaN or infinite
 try: fix or drop this example before standardising",
    );
    let mut examples = csv("a,b,y\n1,3,0\n2,4,1\n3,9,1\n").unwrap();
    examples.x = Tensor::from_rows(&[[1.0, 2.0, 3.0], [3.0, 4.0, 9.0]]);
    examples.standardizer().unwrap();
}

#[test]
fn a_deviation_that_vanishes() {
    let message =
        fault_of(csv("a,y\n5e-324,0\n0,1\n").and_then(|examples| examples.standardizer()));
    assert_text(
        &message,
        "\
feature `a` has a deviation of 0, although it varies
   = the smallest number is 5e-324
 why: standardising divides by the deviation, which is too small for an f64
 try: write the values in a smaller unit, such as 1e300 times as large",
    );
    csv("a,y\n5e-24,0\n0,1\n").unwrap().standardizer().unwrap();
}

#[test]
fn new_data_with_another_number_of_features() {
    let message = fault_of({
        let scaler =
            csv("a,b,y\n1,3,0\n2,4,1\n").and_then(|examples| examples.standardizer()).unwrap();
        scaler.apply(&Tensor::zeros(3, 2))
    });
    assert_text(
        &message,
        "\
X has 3 features, and 2 were standardised in training
   = X is (3, 2)
 why: each feature is scaled by the mean and deviation it had in training
 try: give new data the same features; if its examples are rows, pass x.t()",
    );
    let scaler = csv("a,b,y\n1,3,0\n2,4,1\n").unwrap().standardizer().unwrap();
    assert!(scaler.apply(&Tensor::zeros(3, 2).t()).is_ok());
}

#[test]
fn a_split_of_one_example() {
    let (one, _) = csv("a,y\n1,0\n2,1\n").unwrap().split(0.5, 1).unwrap();
    let message = fault_of(one.split(0.2, 1));
    assert_text(
        &message,
        "\
1 example cannot be split with a test share of 0.2
 why: both parts need at least one example, to learn from and to be tested with
 try: use at least two examples and a share between 0 and 1, such as 0.2",
    );
    csv("a,y\n1,0\n2,1\n").unwrap().split(0.2, 1).unwrap();
}

#[test]
fn a_split_with_a_share_of_one() {
    let message = fault_of(csv("a,y\n1,0\n2,1\n").and_then(|examples| examples.split(1.0, 1)));
    assert_text(
        &message,
        "\
2 examples cannot be split with a test share of 1
 why: both parts need at least one example, to learn from and to be tested with
 try: use at least two examples and a share between 0 and 1, such as 0.2",
    );
    csv("a,y\n1,0\n2,1\n").unwrap().split(0.2, 1).unwrap();
}

#[test]
fn a_file_that_is_not_there() {
    let message = fault_of(Examples::read_csv("examples/data/penguin.csv", None));
    assert_text(
        &message,
        "\
cannot read examples/data/penguin.csv: No such file or directory (os error 2)
 why: the examples come from this file
 try: give the path of a CSV file, as seen from the folder in which you are",
    );
    trains(Examples::read_csv("examples/data/penguins_sex.csv", None));
}

#[test]
fn an_empty_file() {
    let message = fault_of(csv(""));
    assert_text(
        &message,
        "\
the file is empty
  --> my.csv:1:1
 why: the cost is a mean over the examples, and 0/0 is no number
 try: add a header row such as x,y and below it one row per example",
    );
    trains(csv("x,y\n1,0\n1,1\n"));
}

#[test]
fn a_header_only() {
    let message = fault_of(csv("x,y\n"));
    assert_text(
        &message,
        "\
there is a header, and no row below it
  --> my.csv:1:4
   | x,y
   |    ^
 why: the cost is a mean over the examples, and 0/0 is no number
 try: add a header row such as x,y and below it one row per example",
    );
    trains(csv("x,y\n1,0\n1,1\n"));
}

#[test]
fn one_column() {
    let message = fault_of(csv("hours-passed\n1-0\n"));
    assert_text(
        &message,
        "\
there is one column only, and no features beside the label
  --> my.csv:1:1
   | hours-passed
   | ^
   = the column is `hours-passed`
 why: without features the model has nothing to tell the examples apart by
 try: separate the columns with commas, semicolons or tabs: feature,label",
    );
    trains(csv("hours,passed\n1,0\n1,1\n"));
    trains(csv("hours passed\n1 0\n1 1\n"));
}

#[test]
fn no_header() {
    let text = "1.5;2;0\n2.5;3;1\n";
    let message = fault_of(csv(text));
    assert_text(
        &message,
        "\
the first row is one of numbers: the header seems to be missing
  --> my.csv:1:1
   | 1.5;2;0
   | ^
   = it has 3 cells
 why: the first row names the columns, and is not an example
 try: if it is an example: --no-header; if it names the columns: --header",
    );
    let read = |header| Csv { header: Some(header), ..Csv::default() };
    let read = |header| read(header).examples(text.as_bytes(), "my.csv");
    assert_eq!(trains(read(false)).y.to_vec(), [0.0, 1.0]);
    assert_eq!(read(true).unwrap_err().what, "the label `0` has the same value in all rows");
    // A text over numbers is a name. Over texts it may be a value.
    assert_eq!(trains(csv("kind,0,1\n0,1.5,2\n1,2.5,3\n")).features, ["kind", "0"]);
    let message = fault_of(csv("x7,1.5,50,yes\nx8,1.2,40,no\n"));
    assert_text(
        &message,
        "\
the first row looks like those below it: the header seems to be missing
  --> my.csv:1:1
   | x7,1.5,50,yes
   | ^
   = it has 4 cells
 why: the first row names the columns, and is not an example
 try: if it is an example: --no-header; if it names the columns: --header",
    );
    // What is asked for by name is a name.
    assert_eq!(trains(csv_label("0,1\n0.5,0\n3.5,1\n", "1")).features, ["0"]);
}

#[test]
fn a_column_without_a_name() {
    let message = fault_of(csv("x,,y\n0,1.5,0\n1,2.5,1\n"));
    assert_text(
        &message,
        "\
column 2 has no name
  --> my.csv:1:3
   | x,,y
   |   ^
   = the header has 3 cells
 why: gradients, weights and errors are told by the names of the columns
 try: name it in the header, or leave it out: --without \"\"",
    );
    trains(csv("x,number,y\n0,1.5,0\n1,2.5,1\n"));
    trains(csv_without("x,,y\n0,1.5,0\n1,2.5,1\n", &[""]));
    // The first column of pandas numbers the rows.
    assert_eq!(trains(csv(",x,y\n0,1.5,0\n1,2.5,1\n")).features, ["x"]);
}

#[test]
fn two_columns_of_one_name() {
    let message = fault_of(csv("x,x,y\n1,2,0\n"));
    assert_text(
        &message,
        "\
two columns are named `x`
  --> my.csv:1:3
   | x,x,y
   |   ^
   = the second one is column 2
 why: a name must say which column is meant
 try: rename one, or number all columns: --without-lines 1 --no-header",
    );
    trains(csv("x,x_2,y\n1,2,0\n1,2,1\n"));
    let text = "x,x,y\n1,2,0\n1,2,1\n".as_bytes();
    let numbered = Csv { without_lines: vec![1..=1], header: Some(false), ..Csv::default() };
    assert_eq!(trains(numbered.examples(text, "my.csv")).features, ["c1", "c2"]);
}

#[test]
fn a_label_that_is_not_there() {
    let message = fault_of(csv_label("Passed,hours\n1,0.5\n", "passed"));
    assert_text(
        &message,
        "\
no column is named `passed`
  --> my.csv:1:1
   | Passed,hours
   | ^
   = the 2 columns are Passed, hours
 why: the label is what is learned, and the other columns are the features
 try: ask for a column that is there, such as --label \"Passed\"",
    );
    trains(csv_label("Passed,hours\n1,0.5\n0,0.2\n", "Passed"));
}

#[test]
fn a_column_to_leave_out_that_is_not_there() {
    let message = fault_of(csv_without("id,x,y\n1,2,0\n", &["ID"]));
    assert_text(
        &message,
        "\
no column to leave out is named `ID`
  --> my.csv:1:1
   | id,x,y
   | ^
   = the 3 columns are id, x, y
 why: --without NAME leaves out a column that teaches nothing, such as an id
 try: ask for a column that is there, such as --without \"id\"",
    );
    for (name, hint) in [
        ("z", "give a name as it stands in the header, or drop this --without"),
        ("id,x", "give it once for each column: --without \"id\" --without \"x\""),
    ] {
        let message = fault_of(csv_without("id,x,y\n1,2,0\n", &[name]));
        assert!(message.ends_with(&format!("\n try: {hint}")), "{message}");
    }
    trains(csv_without("id,x,y\n1,2,0\n1,2,1\n", &["id"]));
}

#[test]
fn nothing_left() {
    let message = fault_of(csv_without("id,x,y\n1,2,0\n", &["id", "x"]));
    assert_text(
        &message,
        "\
no features are left
  --> my.csv:1:1
   | id,x,y
   | ^
   = left out: id, x
 why: without features the model has nothing to tell the examples apart by
 try: leave fewer columns out",
    );
    trains(csv_without("id,x,y\n1,2,0\n1,2,1\n", &["id"]));
}

#[test]
fn a_row_that_is_too_short() {
    let message = fault_of(csv("a,b,y\n1,2,0\n1,2\n"));
    assert_text(
        &message,
        "\
this row has 2 cells, the header has 3
  --> my.csv:3:4
   | 1,2
   |    ^
   = the 3 columns are a, b, y
   = cells are separated by commas, as in the header
 why: every example needs a value for every feature, and a label
 try: complete the row, or leave the line out: --without-lines 3",
    );
    trains(csv("a,b,y\n1,2,0\n1,2,1\n"));
    trains(csv("a,b,y\n1,2,0\n1,2,1\n"));
}

#[test]
fn a_row_that_is_too_long() {
    let message = fault_of(csv("id,a,y\n1,x,2,0\n"));
    assert_text(
        &message,
        "\
this row has 4 cells, the header has 3
  --> my.csv:2:5
   | 1,x,2,0
   |     ^
   = the 3 columns are id, a, y
   = cells are separated by commas, as in the header
   = `2,0` may be one number, with a decimal comma
 why: every example needs a value for every feature, and a label
 try: write 2.0 if that is one number; else quote text that has a comma",
    );
    trains(csv("id,a,y\n1,2,0\n1,2,1\n"));
    trains(csv_without("id,a,y\n\"1,x\",2,0\n\"1,x\",2,1\n", &["id"]));
}

#[test]
fn text_that_holds_a_separator() {
    let message = fault_of(csv("name;a;y\nLovelace; Ada;2;0\n"));
    assert_text(
        &message,
        "\
this row has 4 cells, the header has 3
  --> my.csv:2:17
   | Lovelace; Ada;2;0
   |                 ^
   = the 3 columns are name, a, y
   = cells are separated by semicolons, as in the header
 why: every example needs a value for every feature, and a label
 try: delete what is too much, or quote text that holds a separator",
    );
    trains(csv_without("name;a;y\n\"Lovelace; Ada\";2;0\n\"Lovelace; Ada\";2;1\n", &["name"]));
    trains(csv_without("name;a;y\nAda;2;0\nAda;2;1\n", &["name"]));
}

#[test]
fn a_decimal_comma_between_commas() {
    let message = fault_of(csv("a,b,y\n1.5,2,0\n1,5,2,0\n"));
    assert_text(
        &message,
        "\
this row has 4 cells, the header has 3
  --> my.csv:3:1
   | 1,5,2,0
   | ^
   = the 3 columns are a, b, y
   = cells are separated by commas, as in the header
   = `1,5` may be one number, with a decimal comma
 why: every example needs a value for every feature, and a label
 try: write 1.5 if that is one number; else quote text that has a comma",
    );
    trains(csv("a,b,y\n1.5,2,0\n1.5,2,0\n1.5,2,1\n"));
}

#[test]
fn a_decimal_comma_below_decimal_points() {
    let text = "a;b;y\n1.5;2;0\n2,5;3;1\n";
    let message = fault_of(csv(text));
    assert_text(
        &message,
        "\
`2,5` has a decimal comma
  --> my.csv:3:1
   | 2,5;3;1
   | ^
   = column `a`
   = cells are separated by semicolons
   = it would be 2.5
 why: 1,234 and 1.234 are read by the decimal mark of the whole file
 try: if the numbers of this file have decimal commas: --decimal \",\"",
    );
    let commas = Csv { decimal: Some(','), ..Csv::default() };
    let message = fault_of(commas.examples(text.as_bytes(), "my.csv"));
    assert_text(
        &message,
        "\
`1.5` has a decimal point
  --> my.csv:2:1
   | 1.5;2;0
   | ^
   = column `a`
   = cells are separated by semicolons
   = it would be 1.5
 why: 1,234 and 1.234 are read by the decimal mark of the whole file
 try: write it as the other numbers, or leave the line out: --without-lines 2",
    );
    trains(commas.examples("a;b;y\n1,5;2;0\n2,5;3;1\n".as_bytes(), "my.csv"));
}

#[test]
fn a_comma_that_could_be_either() {
    let text = "income,y\n\"1,234\",0\n\"2,345\",1\n";
    let message = fault_of(csv(text));
    assert_text(
        &message,
        "\
`1,234` has a comma, decimal or between thousands
  --> my.csv:2:2
   | \"1,234\",0
   |  ^
   = column `income`
   = cells are separated by commas
   = it would be 1.234 or 1234
 why: 1,234 and 1.234 are read by the decimal mark of the whole file
 try: if it is decimal: --decimal \",\"; if it is not: --decimal \".\"",
    );
    for (mark, first) in [(',', 1.234), ('.', 1234.0)] {
        let csv = Csv { decimal: Some(mark), ..Csv::default() };
        assert_eq!(trains(csv.examples(text.as_bytes(), "my.csv")).x.get(0, 0), first);
    }
}

#[test]
fn two_units_in_one_column() {
    let message = fault_of(csv("price,y\n$5,0\n€4,1\n"));
    assert_text(
        &message,
        "\
`€4` has another unit than the numbers above it
  --> my.csv:3:1
   | €4,1
   | ^
   = theirs in column `price`: $
 why: a feature has one weight, whatever the unit
 try: write all numbers of the column in one unit",
    );
    trains(csv("price,y\n$5,0\n$4,1\n"));
}

#[test]
fn text_in_a_feature() {
    let message = fault_of(csv("a,y\n1.5,0\n2.5,1\nlow,1\n"));
    assert_text(
        &message,
        "\
`low` is not a number
  --> my.csv:4:1
   | low,1
   | ^
   = column `a`
   = cells are separated by commas
 why: a feature is multiplied by its weight, and only numbers can be
 try: write a number here, or leave the line out: --without-lines 4",
    );
    trains(csv("a,y\n1.5,0\n2.5,1\n0.5,1\n"));
    let without = Csv { without_lines: vec![4..=4], ..Csv::default() };
    trains(without.examples("a,y\n1.5,0\n2.5,1\nlow,1\n".as_bytes(), "my.csv"));
    let message = fault_of(csv("a,b,y\n1.5,1,0\n2.5,2,1\nlow,3,1\nhigh,3,1\n"));
    assert!(message.contains("\n   = 2 texts beside 2 numbers\n"), "{message}");
    assert!(message.ends_with(", or leave the column out: --without \"a\""), "{message}");
    trains(csv_without("a,b,y\n1.5,1,0\n2.5,2,1\nlow,3,1\n", &["a"]));
}

#[test]
fn columns_of_text() {
    let text = "name,sex,town,a,y\nAda,f,X,1,0\nBob,m,Y,,1\nCy,m,Z,3,1\nDi,f,X,4,0\nEd,m,X,5,0\n";
    let message = fault_of(csv(text));
    assert_text(
        &message,
        "\
2 columns hold text: `name`, `town`
  --> my.csv:2:1
   | Ada,f,X,1,0
   | ^
   = `name`: 5 different words
   = `town`: 3 different words
   = missing: 1 in `a`
   = the label is the last column, `y`; for another: --label NAME
 why: a feature is multiplied by its weight, and only numbers can be
 try: add --without \"name\" --encode \"town\" --drop-incomplete (keeps 4 of 5 rows)",
    );
    let csv = Csv {
        without: vec!["name".to_string()],
        encode: vec!["town".to_string()],
        drop_incomplete: true,
        ..Csv::default()
    };
    let examples = trains(csv.examples(text.as_bytes(), "my.csv"));
    assert_eq!(examples.features, ["sex", "town=Z", "a"]);
    assert_eq!(
        examples.notes,
        [
            "left out, as incomplete: 1 of 5 rows",
            "town: a column of 0 and 1 for each word but X",
            "read as 0 and 1: sex (f, m)"
        ]
    );
}

#[test]
fn a_number_that_is_too_large() {
    let message = fault_of(csv("a,y\n1e999,0\n"));
    assert_text(
        &message,
        "\
`1e999` is too large
  --> my.csv:2:1
   | 1e999,0
   | ^
   = column `a`
   = the largest number is 1.8e308
 why: one infinite number makes z, the cost and every gradient infinite or NaN
 try: use a larger unit, or leave the line out: --without-lines 2",
    );
    trains(csv("a,y\n1e99,0\n1e99,1\n"));
}

#[test]
fn an_infinite_number() {
    let message = fault_of(csv("a,y\n-inf,0\n"));
    assert_text(
        &message,
        "\
`-inf` is no finite number
  --> my.csv:2:1
   | -inf,0
   | ^
   = column `a`
   = the largest number is 1.8e308
 why: one infinite number makes z, the cost and every gradient infinite or NaN
 try: write a finite number, or leave the line out: --without-lines 2",
    );
    trains(csv("a,y\n-99,0\n-99,1\n"));
}

#[test]
fn missing_features() {
    let message = fault_of(csv("age,income,y\n40,NA,0\n,-,1\n30,20,1\n"));
    assert_text(
        &message,
        "\
3 values are missing
  --> my.csv:2:4
   | 40,NA,0
   |    ^
   = missing: 1 in `age`, 2 in `income`
   = the first one is `NA`, in column `income`
   = incomplete rows: 2 of 3
   = the label is the last column, `y`; for another: --label NAME
 why: every example needs a value for every feature, and a label
 try: add --without \"income\" --drop-incomplete (keeps 2 of 3 rows)",
    );
    let text = "age,income,y\n40,NA,0\n,-,1\n30,20,1\n";
    let csv = Csv { drop_incomplete: true, without: vec!["income".into()], ..Csv::default() };
    trains(csv.examples(text.as_bytes(), "my.csv"));
}

#[test]
fn a_missing_label() {
    let message = fault_of(csv("age,y\n40,0\n50,\n"));
    assert_text(
        &message,
        "\
1 value is missing
  --> my.csv:3:4
   | 50,
   |    ^
   = missing: 1 in `y`
   = the first one is empty, in column `y`
   = incomplete rows: 1 of 2
   = the label is the last column, `y`; for another: --label NAME
 why: every example needs a value for every feature, and a label
 try: add --drop-incomplete (keeps 1 of 2 rows)",
    );
    let csv_dropping = Csv { drop_incomplete: true, ..Csv::default() };
    trains(csv_dropping.examples("age,y\n40,0\n50,\n60,1\n".as_bytes(), "my.csv"));
    trains(csv("age,y\n40,0\n50,1\n"));
    trains(csv("age,y\n40,0\n40,1\n"));
}

#[test]
fn three_classes() {
    let message = fault_of(csv("a,kind\n1,1\n2,2\n3,3\n4,2\n"));
    assert_text(
        &message,
        "\
the label `kind` has 3 values, not two
  --> my.csv:4:3
   | 3,3
   |   ^
   = labels seen: 1, 2, 3
   = this one is `3`
   = the label is the last column, `kind`; for another: --label NAME
 why: one node tells two classes apart, a node for each up to 20 words
 try: if each is a class: --encode \"kind\"",
    );
    let csv_of_classes = Csv { encode: vec!["kind".to_string()], ..Csv::default() };
    let numbers = csv_of_classes.examples("a,kind\n1,1\n2,10\n3,9\n4,1.0\n".as_bytes(), "my.csv");
    let numbers = numbers.unwrap();
    assert_eq!(
        (numbers.classes, numbers.y.to_vec()),
        (["1", "9", "10"].map(Into::into).to_vec(), vec![0.0, 2.0, 1.0, 0.0])
    );
    let words = |count: usize| (0..count).map(|k| format!("{k},w{k}\n")).collect::<String>();
    let three = csv(&format!("a,kind\n{}", words(3))).unwrap();
    assert_eq!((three.classes.len(), three.y.to_vec()), (3, vec![0.0, 1.0, 2.0]));
    assert_eq!(csv(&format!("a,kind\n{}", words(20))).unwrap().classes.len(), 20);
    let message = fault_of(csv(&format!("a,kind\n{}", words(21))));
    assert!(message.starts_with("the label `kind` has 21 values, more than 20"), "{message}");
}

#[test]
fn a_label_with_many_values() {
    let message = fault_of(csv(
        "y,a\n0,1.1\n1,2.2\n0,3.3\n1,4.4\n0,5.5\n1,6.6\n0,7.7\n1,8.8\n0,9.9\n1,10.1\n",
    ));
    assert_text(
        &message,
        "\
the label `a` has 10 values, not two
  --> my.csv:4:3
   | 0,3.3
   |   ^
   = labels seen: 1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8, ...
   = this one is `3.3`
   = the label is the last column, `a`; for another: --label NAME
 why: one node tells two classes apart, a node for each up to 20 words
 try: if each is a class: --encode \"a\"; or another label: --label \"y\"",
    );
    trains(csv_label("y,a\n0,1.1\n1,2.2\n0,3.3\n", "y"));
}

#[test]
fn one_class() {
    let message = fault_of(csv("a,kind\n1,cat\n2,cat\n"));
    assert_text(
        &message,
        "\
the label `kind` has the same value in all rows
  --> my.csv:2:3
   | 1,cat
   |   ^
   = labels seen: cat
   = this one is `cat`
   = the label is the last column, `kind`; for another: --label NAME
 why: one node tells two classes apart, a node for each up to 20 words
 try: add rows of the other class",
    );
    for text in ["a,kind\n1,1\n2,1\n", "a,kind\n1,0\n1,0\n", "a,kind\n1,0\n"] {
        let message = fault_of(csv(text));
        assert!(
            message.starts_with("the label `kind` has the same value in all rows"),
            "{message}"
        );
    }
    trains(csv("a,kind\n1,cat\n2,cat\n3,dog\n"));
}

#[test]
fn an_unclosed_quote() {
    let message = fault_of(csv("a,y\n1,0\n\"2,1\n3,0\n"));
    assert_text(
        &message,
        "\
this quote is not closed
  --> my.csv:3:1
   | \"2,1
   | ^
   = it is open still on line 4
 why: inside quotes, separators and line ends belong to the cell
 try: close it with a second \" at the end of the cell, or delete it",
    );
    trains(csv("a,y\n1,0\n\"2\",1\n3,0\n"));
    trains(csv("a,y\n1,0\n2,1\n3,0\n"));
}

#[test]
fn text_after_a_quote() {
    let message = fault_of(csv("name,a,y\n\"the \"great\" one\",1,0\n"));
    assert_text(
        &message,
        "\
text follows a closing quote
  --> my.csv:2:7
   | \"the \"great\" one\",1,0
   |       ^
   = the quote was opened on line 2
 why: a quoted cell ends with its quote; one that belongs to it is written twice
 try: write a quote inside the cell as \"\", or close the cell where it ends",
    );
    trains(csv_without(
        "name,a,y\n\"the \"\"great\"\" one\",1,0\n\"the \"\"great\"\" one\",1,1\n",
        &["name"],
    ));
}

#[test]
fn latin_1() {
    let message = fault_of(Examples::from_csv(&b"na\xefve,y\n1,0\n"[..], "my.csv", None, &[]));
    assert_text(
        &message,
        "\
this is not UTF-8 text
  --> my.csv:1:3
   | na�ve,y
   |   ^
   = byte 0xef has no meaning here; in Latin-1 a byte is a letter
 why: which bytes make a letter depends on the encoding; UTF-8 is read here
 try: save it as UTF-8, or convert it: iconv -f \"LATIN1\" -t UTF-8 FILE > NEW",
    );
    trains(csv("na\u{ef}ve,y\n1,0\n1,1\n"));
}

#[test]
fn utf_16() {
    let message = fault_of(Examples::from_csv(&b"\xff\xfea\0,\0y\0"[..], "my.csv", None, &[]));
    assert_text(
        &message,
        "\
this is not UTF-8 text
  --> my.csv:1:1
   | ��a , y 
   | ^
   = byte 0xff has no meaning here; it begins as UTF-16 does
 why: which bytes make a letter depends on the encoding; UTF-8 is read here
 try: save it as UTF-8, or convert it: iconv -f \"UTF-16\" -t UTF-8 FILE > NEW",
    );
    trains(csv("a,y\n1,0\n1,1\n"));
}

#[test]
fn a_wide_and_a_long_line() {
    let message = fault_of({
        let text = format!("名前,a,y\n{}日本\te\u{301},x,0\n", "あ".repeat(60));
        csv_without(&text, &["名前"])
    });
    assert_text(
        &message,
        "\
column `a` holds text
  --> my.csv:2:67
   | あああああああああああああああああああああ日本 é,x,0
   |                                                  ^
   = `a`: 1 word
   = the label is the last column, `y`; for another: --label NAME
 why: a feature is multiplied by its weight, and only numbers can be
 try: write numbers there, or no feature is left",
    );
    trains(csv_without("名前,a,y\nあ,1,0\nあ,1,1\n", &["名前"]));
}

#[test]
fn training_without_layers_or_examples() {
    let message = panic_of(|| {
        Network::new(2).propagate(&Tensor::zeros(2, 3), &Tensor::zeros(1, 3), cross_entropy);
    });
    assert_text(
        &message,
        "\
the network has no layers
  --> propagate(&Tensor::zeros(2, 3), &Tensor::zeros(1, 3), cross_entropy);
 why: without a layer there is nothing to compute
 try: add one, such as .layer(1, Sigmoid)",
    );
    let network = Network::new(2).layer(1, Sigmoid);
    network.propagate(&Tensor::zeros(2, 3), &Tensor::zeros(1, 3), cross_entropy);

    let message = panic_of(|| {
        let network = Network::new(2).layer(1, Sigmoid);
        network.propagate(&Tensor::zeros(2, 0), &Tensor::zeros(1, 0), cross_entropy);
    });
    assert_text(
        &message,
        "\
there are no examples
  --> propagate(&Tensor::zeros(2, 0), &Tensor::zeros(1, 0), cross_entropy);
   = X is (2, 0)
 why: the cost is a mean over the examples, and 0/0 is no number
 try: give X at least one column, and Y as many",
    );
    let (_, cost) = network.propagate(&Tensor::zeros(2, 1), &Tensor::zeros(1, 1), cross_entropy);
    assert_eq!(cost, 2f64.ln());
}

#[test]
fn predictions_for_other_labels() {
    let message = panic_of(|| {
        accuracy(&Tensor::zeros(1, 3), &Tensor::zeros(3, 1));
    });
    assert_text(
        &message,
        "\
(1, 3) predictions for (3, 1) labels
  --> accuracy(&Tensor::zeros(1, 3), &Tensor::zeros(3, 1));
 why: each prediction is compared with the label of its own example
 try: pass the predictions for just these examples, and y.t() if Y is a column",
    );
    assert_eq!(accuracy(&Tensor::zeros(1, 3), &Tensor::zeros(3, 1).t()), 100.0);
}

#[test]
fn a_hand_made_standardizer() {
    let message = panic_of(|| {
        let hand_made = Standardizer { means: Tensor::zeros(2, 1), deviations: Tensor::from(1.0) };
        let _ = hand_made.apply(&Tensor::zeros(2, 3));
    });
    assert_text(
        &message,
        "\
means and deviations do not fit each other
  --> apply(&Tensor::zeros(2, 3));
   = means are (2, 1), deviations (1, 1)
 why: each feature has one mean and one deviation
 try: give both as one column, (n, 1), for n features",
    );
    let deviations = Tensor::filled(2, 1, 2.0);
    let mended = Standardizer { means: Tensor::zeros(2, 1), deviations };
    assert_eq!(mended.apply(&Tensor::filled(2, 3, 1.0)).unwrap(), Tensor::filled(2, 3, 0.5));
}

#[test]
fn more_entries_than_can_be_counted() {
    let (a, b) = (3_usize, 5_usize);
    let message = panic_of(|| {
        Tensor::zeros(a.wrapping_sub(b), 2);
    });
    // Where a usize has 64 bits: a (18446744073709551614, 2) matrix is too large
    let what = format!("a ({}, 2) matrix is too large", usize::MAX - 1);
    assert_text(
        &message,
        &format!(
            "\
{what}
  --> Tensor::zeros(a.wrapping_sub(b), 2);
   = at most 2147483648 rows, columns and entries, and what memory holds
 why: a matrix has one entry for each row and column
 try: look where these numbers come from; a difference may have gone below 0"
        ),
    );
    let message = panic_of(|| {
        Tensor::zeros(1 << 16, 1).matmul(&Tensor::zeros(1, 1 << 16));
    });
    assert!(message.contains("--> matmul(&Tensor::zeros(1, 1 << 16));"), "{message}");
    let message = panic_of(|| {
        Tensor::zeros(1 << 61, 2);
    });
    assert!(message.contains("--> Tensor::zeros(1 << 61, 2);"), "{message}");
    assert_eq!(Tensor::zeros(b - a, 2).shape(), (2, 2));
}

#[test]
fn an_activation_without_a_second_derivative() {
    use chainrule::{activation::Activation, check};
    struct Cube;
    #[rustfmt::skip] // as the index of errors has it
    impl Activation for Cube {
        fn name(&self) -> &'static str { "cube" }
        fn f(&self, x: f64) -> f64 { x * x * x }
        fn df(&self, x: f64, _y: f64) -> f64 { 3.0 * x * x }
    }
    let message = panic_of(|| {
        check::hessian!(|p| p[0].apply(Cube), &[2.0]);
    });
    assert_text(
        &message,
        "\
`cube` has no second derivative
  --> apply(Cube), &[2.0]);
   = a tape of dual numbers needs f″, the slope of f′
 why: the local derivative is f′(x), and where x moves, that moves by f″(x)
 try: write d2f for it, beside f and df",
    );
    struct Mended;
    #[rustfmt::skip]
    impl Activation for Mended {
        fn name(&self) -> &'static str { "cube" }
        fn f(&self, x: f64) -> f64 { x * x * x }
        fn df(&self, x: f64, _y: f64) -> f64 { 3.0 * x * x }
        fn d2f(&self, x: f64, _y: f64) -> Option<f64> { Some(6.0 * x) }
    }
    assert!(check::hessian!(|p| p[0].apply(Mended), &[2.0], &[[12.0]]).agrees());
}

#[test]
fn a_hessian_by_hand_of_another_shape() {
    use chainrule::check;
    let message = panic_of(|| {
        check::hessian!(|p| p[0] * p[1], &[2.0, 3.0], &[[0.0, 1.0]]);
    });
    assert_text(
        &message,
        "\
the Hessian by hand is (1, 2)
  --> check::hessian!(|p| p[0] * p[1], &[2.0, 3.0], &[[0.0, 1.0]]);
   = the formula is taken at 2 numbers
 why: a Hessian has a row and a column for each parameter
 try: give 2 rows of 2 second derivatives",
    );
    assert!(check::hessian!(|p| p[0] * p[1], &[2.0, 3.0], &[[0.0, 1.0], [1.0, 0.0]]).agrees());
}

#[test]
fn a_direction_that_is_too_short() {
    use chainrule::dual;
    let message = panic_of(|| {
        dual::gradient_along(|p| p[0] * p[1], &[2.0, 3.0], &[1.0]);
    });
    assert_text(
        &message,
        "\
the direction has 1 entries
  --> dual::gradient_along(|p| p[0] * p[1], &[2.0, 3.0], &[1.0]);
   = the point has 2
 why: each parameter moves by its own entry of the direction
 try: give one entry for each parameter: 0 for one that stays",
    );
    let mended = dual::gradient_along(|p| p[0] * p[1], &[2.0, 3.0], &[1.0, 0.0]);
    assert_eq!((mended[0].slope, mended[1].slope), (0.0, 1.0));
}
