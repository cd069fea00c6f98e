//! Replays the corpus of every fuzz target, and mutates it a little: the same mutations on every run.
//!
//! `AFTERTONE_FUZZ_RUNS` sets how many mutations each target gets, `AFTERTONE_FUZZ_ONLY` names a single one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(unreachable_pub, reason = "a library of its own for the fuzzer's programs")]
#[path = "fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use targets::TARGETS;

/// Words that mean something to one of the parsers.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n ",
    b"\0",
    b"\xff\xfe",
    b"%00",
    b"%",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"@",
    b"=",
    b"sip:",
    b"tel:",
    b"SIP/2.0",
    b"INVITE",
    b"OPTIONS",
    b"ACK",
    b"CANCEL",
    b"Via: ",
    b"Content-Length: ",
    b"tag=",
    b"branch=z9hG4bK",
    b"-1",
    b"0",
    b"4294967296",
    b"99999999999999999999",
    b"a=rtpmap:",
    b"m=audio ",
    b"c=IN IP4 ",
    b"[::1]",
    b"index=1.1",
    b"reason=",
    b"RIFF",
    b"data",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\x80\x00",
    b"\x7f\xff\xff\xff",
];
/// Inputs grow to this size at most.
const LONGEST: usize = 8192;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// One to eight small changes.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut StdRng) {
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..=bytes.len());
        let reach = 16_usize.pow(random.random_range(0..3));
        let end = (at + random.random_range(0..=reach)).min(bytes.len());
        match random.random_range(0..8) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 => {
                let word = WORDS[random.random_range(0..WORDS.len())];
                drop(bytes.splice(at..at, word.iter().copied()));
            }
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            4 => {
                let from = random.random_range(0..=other.len());
                let to = (from + 64).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                if random.random()
                    && let Some(byte) = bytes.get_mut(at)
                {
                    *byte = random.random();
                } else if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
        bytes.truncate(LONGEST);
    }
}

/// How many mutations a target gets by default: decoding sound is dear, and so is looking ahead.
fn runs(target: &str) -> u64 {
    let usual = match target {
        "upload" => 600,
        // A frame that never changes is looked through for years.
        "time_frame" => 200,
        _ => 8_000,
    };
    std::env::var("AFTERTONE_FUZZ_RUNS").map_or(usual, |runs| runs.parse().unwrap())
}

#[test]
fn every_target_withstands_its_corpus_and_mutations_of_it() {
    targets::pass_over_contained_panics();
    let only = std::env::var("AFTERTONE_FUZZ_ONLY").ok();
    for (name, target) in TARGETS.iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name))
    {
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        target(b"");
        seeds.iter().for_each(|seed| target(seed));
        let mut random = StdRng::seed_from_u64(0x00af_7e47);
        let before = resident();
        for run in 0..runs(name) {
            let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
            let other = &seeds[random.random_range(0..seeds.len())];
            mutate(&mut bytes, other, &mut random);
            let withstood = std::panic::catch_unwind(|| target(&bytes));
            assert!(withstood.is_ok(), "{name}, run {run}: {:?}", String::from_utf8_lossy(&bytes));
        }
        println!("{name}: {} mutations, resident memory {before} -> {} KiB", runs(name), resident());
    }
}

/// Resident memory in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn every_target_has_a_program_for_the_fuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).is_file(), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
