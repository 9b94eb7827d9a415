//! Round numbers along an axis.

/// One axis, from a round number to a round number.
pub(super) struct Axis {
    pub low: f64,
    /// The distance of two ticks: 1, 2 or 5 times a power of ten.
    step: f64,
    /// How many steps there are.
    steps: usize,
    /// The power of ten of the step.
    exponent: i32,
}

impl Axis {
    /// With room on both sides: so much of the distance from the smallest value to the largest.
    pub fn covering(values: impl Iterator<Item = f64>, room: f64) -> Axis {
        let range = values.fold(None, |range: Option<(f64, f64)>, x| {
            Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
        });
        let (mut low, mut high) = range.unwrap_or((0.0, 1.0));
        let room = room * (high - low);
        (low, high) = (low - room, high + room);
        let size = low.abs().max(high.abs());
        if high - low <= 1e-9 * size || size < 1e-290 {
            // One number, or as good as one: room on both sides of it.
            let room = if size < 1e-290 { 0.5 } else { size / 2.0 };
            (low, high) = (low - room, high + room);
        }
        let rough = (high - low) / 5.0;
        let mut exponent = rough.log10().floor() as i32;
        let power = 10f64.powi(exponent);
        let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough);
        exponent += i32::from(factor.is_none());
        let step = factor.unwrap_or(10.0) * power;
        let first = (low / step).floor();
        let steps = (high / step).ceil() - first;
        Axis { low: first * step, step, steps: steps as usize, exponent }
    }

    pub fn high(&self) -> f64 {
        self.low + self.step * self.steps as f64
    }

    pub fn ticks(&self) -> impl Iterator<Item = f64> {
        let first = (self.low / self.step).round();
        (0..=self.steps).map(move |k| (first + k as f64) * self.step)
    }

    /// How far along the axis a number lies, from 0 to 1.
    pub fn part(&self, x: f64) -> f64 {
        (x / self.step - self.low / self.step) / self.steps as f64
    }

    /// The tick with as many digits as tell it from its neighbours.
    pub fn label(&self, tick: f64) -> String {
        let most = self.low.abs().max(self.high().abs());
        match self.exponent {
            _ if tick == 0.0 => "0".to_string(),
            -5.. if most < 1e6 => format!("{tick:.*}", (-self.exponent).max(0) as usize),
            _ => {
                let digits = tick.abs().log10().floor() as i32 - self.exponent;
                format!("{tick:.*e}", digits.max(0) as usize)
            }
        }
    }
}
