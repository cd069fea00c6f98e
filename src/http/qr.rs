//! QR codes as paths of an SVG image (ISO/IEC 18004), so that a page needs no picture from elsewhere.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around a code, as its readers need them.
const QUIET: i32 = 4;

/// A drawn code.
pub(super) struct Drawn {
    /// Width and height in modules, the quiet zone included.
    pub(super) size: i32,
    /// The dark modules.
    pub(super) path: String,
}

/// The code of a text; `None` when it is too long for one.
pub(super) fn drawn(text: &str) -> Option<Drawn> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let dark = (x..code.size()).take_while(|x| code.get_module(*x, y)).count() as i32;
            if dark > 0 {
                let _ = write!(path, "M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET);
            }
            x += dark.max(1);
        }
    }
    Some(Drawn { size: code.size() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the path paints, as rows of light and dark.
    fn painted(drawn: &Drawn) -> Vec<Vec<bool>> {
        let size = drawn.size as usize;
        let mut rows = vec![vec![false; size]; size];
        for run in drawn.path.split('M').skip(1) {
            let (at, width) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let width: usize = width.split('v').next().unwrap().parse().unwrap();
            rows[y][x..x + width].fill(true);
        }
        rows
    }

    #[test]
    fn the_path_paints_the_code_and_leaves_its_margin_light() {
        let text = "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ";
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let drawn = drawn(text).unwrap();
        for (y, row) in (0_i32..).zip(painted(&drawn)) {
            for (x, dark) in (0_i32..).zip(row) {
                assert_eq!(dark, code.get_module(x - QUIET, y - QUIET), "{x} {y}");
            }
        }
    }

    #[test]
    fn what_is_too_long_for_a_code_has_none() {
        assert!(drawn(&"x".repeat(3000)).is_none());
    }
}
