//! What the test phone does, step by step.

use std::collections::VecDeque;
use std::time::Duration;

use crate::flow::Key;

use super::Line;

/// A call in which what is waited for does not come: the script goes on nevertheless after so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Who has said nothing for so long has finished.
const FINISHED: Duration = Duration::from_millis(800);

/// One step of what the phone does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Presses a key.
    Press(Key),
    /// Waits.
    Wait(Duration),
    /// Waits for the next tone: one that no earlier step waited for.
    AwaitTone,
    /// Waits until the other side says something and has finished.
    AwaitSilence,
    /// Speaks the recording to its end.
    Speak,
}

/// Reads `1,w2,482913#`: keys are pressed, `wN` waits N seconds, `t` waits for the next tone, `s` until something was said
/// and is over, `p` plays the recording.
///
/// # Errors
/// The part that does not read.
pub fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(seconds) = part.strip_prefix(['w', 'W']) {
            let seconds: f64 =
                seconds.parse().map_err(|_| format!("{part:?} is no wait: write w2 or w0.5"))?;
            let wait = Duration::try_from_secs_f64(seconds)
                .map_err(|_| format!("{part:?} is no wait: write w2 or w0.5"))?;
            steps.push(Step::Wait(wait));
            continue;
        }
        match part {
            "p" => steps.push(Step::Speak),
            "t" => steps.push(Step::AwaitTone),
            "s" => steps.push(Step::AwaitSilence),
            keys => {
                for c in keys.chars() {
                    let key = Key::new(c)
                        .ok_or_else(|| format!("{c:?} is no key: use 0-9 * # A-D, wN, t, s or p"))?;
                    steps.push(Step::Press(key));
                }
            }
        }
    }
    Ok(steps)
}

/// Where the script stands.
pub(super) struct Steps {
    left: VecDeque<Step>,
    since: Duration,
    endless: bool,
    begun: bool,
    /// Tones that were waited for.
    tones: u32,
}

impl Steps {
    pub(super) fn new(steps: Vec<Step>, now: Duration) -> Self {
        Self { endless: steps.is_empty(), left: steps.into(), since: now, begun: false, tones: 0 }
    }

    /// Goes on as far as possible. True: the script is at its end.
    pub(super) fn advance(&mut self, now: Duration, line: &mut Line) -> bool {
        while let Some(step) = self.left.front() {
            let waited = now.saturating_sub(self.since);
            let done = match step {
                Step::Wait(wait) => waited >= *wait,
                Step::AwaitTone => line.tone.count() > self.tones || waited >= PATIENCE,
                Step::AwaitSilence => {
                    let was_said = |at: Duration| at >= self.since && now.saturating_sub(at) >= FINISHED;
                    line.sound_at.is_some_and(was_said) || waited >= PATIENCE
                }
                Step::Press(key) => {
                    if !self.begun {
                        line.press(*key);
                    }
                    self.begun && line.is_pressed()
                }
                Step::Speak => {
                    if !self.begun {
                        line.speak_up();
                    }
                    self.begun && !line.speaking
                }
            };
            self.begun = !done;
            if !done {
                return false;
            }
            if *step == Step::AwaitTone {
                self.tones = line.tone.count();
            }
            self.left.pop_front();
            self.since = now;
        }
        !self.endless
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_as_documented() {
        let steps = parse_steps("1,w2,48#").unwrap();
        let press = |c| Step::Press(Key::new(c).unwrap());
        assert_eq!(
            steps,
            [press('1'), Step::Wait(Duration::from_secs(2)), press('4'), press('8'), press('#')]
        );
        assert_eq!(parse_steps("t,p,s").unwrap(), [Step::AwaitTone, Step::Speak, Step::AwaitSilence]);
        assert!(parse_steps("w").is_err());
        assert!(parse_steps("1x").is_err());
    }
}
