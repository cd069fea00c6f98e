//! `Range` of RFC 9110 §14.2, for one range of bytes: players need it to seek, some to play at all.

use std::ops::Range;

/// What part of a body is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: no `Range`, or one that must be ignored.
    Whole,
    /// These bytes.
    Bytes(Range<u64>),
    /// Outside of the body: 416.
    Unsatisfiable,
}

/// Reads a `Range` header for a body of `size` bytes.
pub(super) fn part(header: Option<&str>, size: u64) -> Part {
    let Some(spec) = header.and_then(|value| value.trim().strip_prefix("bytes=")) else { return Part::Whole };
    // Several ranges may be answered with the whole.
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Part::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        return match last.parse::<u64>() {
            Ok(0) => Part::Unsatisfiable,
            Ok(_) if size == 0 => Part::Unsatisfiable,
            Ok(count) => Part::Bytes(size.saturating_sub(count)..size),
            Err(_) => Part::Whole,
        };
    }
    let Ok(first) = first.parse::<u64>() else { return Part::Whole };
    let end = match last {
        "" => size,
        last => match last.parse::<u64>() {
            Ok(last) if last < first => return Part::Whole,
            Ok(last) => last.saturating_add(1).min(size),
            Err(_) => return Part::Whole,
        },
    };
    if first >= size { Part::Unsatisfiable } else { Part::Bytes(first..end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(part(Some("bytes=0-1"), 10), Part::Bytes(0..2));
        assert_eq!(part(Some("bytes=4-"), 10), Part::Bytes(4..10));
        assert_eq!(part(Some("bytes=-3"), 10), Part::Bytes(7..10));
        assert_eq!(part(Some("bytes=-30"), 10), Part::Bytes(0..10));
        assert_eq!(part(Some("bytes=0-99"), 10), Part::Bytes(0..10));
        assert_eq!(part(Some("bytes=10-"), 10), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=-0"), 10), Part::Unsatisfiable);
        for ignored in ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes="] {
            assert_eq!(part(Some(ignored), 10), Part::Whole, "{ignored}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_part_lies_within_the_body(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", size in 0u64..1000) {
            if let Part::Bytes(range) = part(Some(&header), size) {
                assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
