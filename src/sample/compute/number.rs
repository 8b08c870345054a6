//! Arithmetic on samples: `add`, `sub`, `mul`, `div`, `mod`, `neg` and the bits.
//!
//! Invariant: nothing wraps around; results stay at the ends of the range.

/// The converter `add`.
pub fn add(left: i64, right: i64) -> i64 {
    left.saturating_add(right)
}

/// The converter `sub`.
pub fn sub(left: i64, right: i64) -> i64 {
    left.saturating_sub(right)
}

/// The converter `mul`.
pub fn mul(left: i64, right: i64) -> i64 {
    left.saturating_mul(right)
}

/// The converter `div`; division by zero gives the largest number.
pub fn div(left: i64, right: i64) -> i64 {
    match right {
        0 => i64::MAX,
        _ => left.saturating_div(right),
    }
}

/// The converter `mod`; the remainder of a division by zero is 0.
pub fn modulo(left: i64, right: i64) -> i64 {
    left.checked_rem(right).unwrap_or(0)
}

/// The converter `neg`.
pub fn neg(number: i64) -> i64 {
    number.saturating_neg()
}

/// The converter `and`.
pub fn and(left: i64, right: i64) -> i64 {
    left & right
}

/// The converter `or`.
pub fn or(left: i64, right: i64) -> i64 {
    left | right
}

/// The converter `xor`.
pub fn xor(left: i64, right: i64) -> i64 {
    left ^ right
}

/// The converter `cpl`: all bits the other way.
pub fn cpl(number: i64) -> i64 {
    !number
}

/// The converter `odd`.
pub fn odd(number: i64) -> bool {
    number & 1 == 1
}

/// The converter `even`.
pub fn even(number: i64) -> bool {
    !odd(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_hold() {
        assert_eq!(add(i64::MAX, 1), i64::MAX);
        assert_eq!(sub(i64::MIN, 1), i64::MIN);
        assert_eq!(mul(i64::MAX, -2), i64::MIN);
        assert_eq!(
            (div(-10, 0), div(i64::MIN, -1), div(-10, 3)),
            (i64::MAX, i64::MAX, -3)
        );
        assert_eq!(
            (modulo(10, 0), modulo(i64::MIN, -1), modulo(-10, 3)),
            (0, 0, -1)
        );
        assert_eq!(neg(i64::MIN), i64::MAX);
    }

    #[test]
    fn bits() {
        assert_eq!((and(6, 3), or(6, 3), xor(6, 3), cpl(5)), (2, 7, 5, -6));
        assert!(odd(-3) && even(0) && !even(1));
    }
}
