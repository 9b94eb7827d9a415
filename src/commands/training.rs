//! A training run, and what a page shows of it.

use chainrule::check::Comparison;
use chainrule::data::{Examples, one_hot};
use chainrule::logistic::{self, Optimized, Options, closed_form};
use chainrule::network::{LayerGrads, cross_entropy};
use chainrule::tensor::Tensor;
use chainrule::view::Moment;

/// Trains from w = 0, b = 0 (of more than two classes W and b of the softmax), as [`logistic::optimize_with`], and stops at some iterations to look
/// at the weights, if a page will show them. X is standardised.
pub fn train(
    [train, test]: [&Examples; 2],
    options: &Options,
    page: bool,
    mut report: impl FnMut(usize, f64),
) -> chainrule::Result<(Tensor, Tensor, Vec<Moment>)> {
    let (n, k, mut moments) = (train.features.len(), train.classes.len(), vec![]);
    if k > 2 {
        let mut network = logistic::network(&Tensor::zeros(n, k), &Tensor::zeros(k, 1));
        let (y, rate) = (labels(train), options.positive_rate()?);
        let report = |iteration, _: &[LayerGrads], cost| report(iteration, cost);
        network.train(&train.x, &y, cross_entropy, options.num_iterations, rate, report);
        let layer = network.layers.remove(0);
        return Ok((layer.weights, layer.bias, moments));
    }
    let (w, b) = logistic::initialize_with_zeros(n);
    let mut up_to = |done: usize, w: Tensor, b: f64, stop: usize| {
        let part = Options { num_iterations: stop - done, ..options.clone() };
        let report = |k, cost| report(done + k, cost);
        logistic::optimize_with(w, b, &train.x, &train.y, &part, report)
    };
    if !page {
        let fit = up_to(0, w, b, options.num_iterations)?;
        return Ok((fit.w, fit.b.into(), moments));
    }
    let (mut done, mut fit) = (0, up_to(0, w, b, 0)?);
    for stop in stops(options.num_iterations, train.x.shape()) {
        fit = up_to(done, fit.w, fit.b, stop)?;
        done = stop;
        moments.push(moment([train, test], stop, &fit)?);
    }
    Ok((fit.w, fit.b.into(), moments))
}

/// Y as it is trained with: of more than two classes a row for each.
pub fn labels(part: &Examples) -> Tensor {
    match part.classes.len() {
        2 => part.y.clone(),
        k => one_hot(&part.y, k),
    }
}

/// At most 100 iterations with 0 and the last, closer to each other at the start, where most
/// happens: all of them up to 99. Fewer where the page holds many examples or weights.
fn stops(iterations: usize, (n, m): (usize, usize)) -> Vec<usize> {
    let most = if n * m > 2000 { 60 } else { 100 };
    let most = most.min(6000 / (n + 1)).max(10) - 1;
    if iterations <= most {
        return (0..=iterations).collect();
    }
    let share = |k: usize| k as f64 / most as f64;
    let mut stops: Vec<usize> =
        (0..=most).map(|k| (iterations as f64 * share(k).powi(2)).round() as usize).collect();
    stops.dedup();
    stops
}

fn moment(parts: [&Examples; 2], iteration: usize, fit: &Optimized) -> chainrule::Result<Moment> {
    let Optimized { w, b, .. } = fit;
    let [train, test] = parts;
    let (tape, cost) = logistic::propagate(w, *b, &train.x, &train.y)?;
    let (by_hand, _) = closed_form::propagate(w, *b, &train.x, &train.y)?;
    let scale = closed_form::scale(w, *b, &train.x, &train.y)?;
    let (_, test_cost) = closed_form::propagate(w, *b, &test.x, &test.y)?;
    let mut counts = [[[0; 2]; 2]; 2];
    for (part, counts) in parts.into_iter().zip(&mut counts) {
        let guesses = logistic::predict(w, *b, &part.x)?;
        let pairs = part.y.to_vec().into_iter().zip(guesses.to_vec());
        for (y, guess) in pairs.filter(|(_, guess)| !guess.is_nan()) {
            counts[y as usize][guess as usize] += 1;
        }
    }
    let gradient = Comparison::of_grads(&tape, &by_hand, &scale);
    Ok(Moment { iteration, w: w.clone(), b: *b, gradient, cost: [cost, test_cost], counts })
}
