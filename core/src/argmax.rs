//! Picks the highest of some numbers: what a model says is the class, tag or token of its highest output.
//!
//! It stands by itself so that [`crate::bio`] compiles without the rest of the core, as the fuzz targets have it.

/// The first number of the highest value; 0 of none.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = 0;
    for (number, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = number;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::argmax;

    #[test]
    fn the_first_of_the_highest_is_picked() {
        assert_eq!(argmax(&[-2.0, 3.0, 1.0, 3.0]), 1);
        assert_eq!(argmax(&[-2.0, -3.0]), 0);
        assert_eq!(argmax(&[]), 0);
    }
}
