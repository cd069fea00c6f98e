//! Loaded greetings, the least recently used one leaves first. Each is loaded once, however many calls want it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::audio::Clip;
use crate::domain::GreetingId;

/// A clip is also kept encoded: up to so many bytes for each byte of its samples.
const ENCODED: usize = 2;
/// What an entry costs beside its samples.
const ENTRY: usize = 256;

/// Clips by greeting.
#[derive(Debug)]
pub(super) struct Cache {
    limit: usize,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    by_id: HashMap<GreetingId, Slot>,
    /// Counts uses; the slot with the lowest number is the least recently used.
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    clip: Arc<OnceCell<Arc<Clip>>>,
    used: u64,
}

impl Slot {
    fn bytes(&self) -> usize {
        let samples = self.clip.get().map_or(0, |clip| clip.pcm().len());
        samples * size_of::<i16>() * ENCODED + ENTRY
    }
}

impl Cache {
    /// For so many bytes; one clip is kept even when it is larger.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, slots: Mutex::default() }
    }

    /// The clip, loaded when it is not there. Who asks for the same one meanwhile waits for the same load.
    pub(super) async fn get<E>(
        &self,
        id: GreetingId,
        load: impl AsyncFnOnce() -> Result<Clip, E>,
    ) -> Result<Arc<Clip>, E> {
        let cell = self.slot(id);
        let clip = cell.get_or_try_init(async || load().await.map(Arc::new)).await.cloned();
        self.shrink(id, clip.is_ok());
        clip
    }

    fn slot(&self, id: GreetingId) -> Arc<OnceCell<Arc<Clip>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.uses += 1;
        let used = slots.uses;
        let slot = slots.by_id.entry(id).or_insert_with(|| Slot { clip: Arc::default(), used });
        slot.used = used;
        Arc::clone(&slot.clip)
    }

    fn shrink(&self, newest: GreetingId, loaded: bool) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !loaded && slots.by_id.get(&newest).is_some_and(|slot| slot.clip.get().is_none()) {
            slots.by_id.remove(&newest);
        }
        let mut bytes: usize = slots.by_id.values().map(Slot::bytes).sum();
        while bytes > self.limit {
            let others = slots.by_id.iter().filter(|(id, _)| **id != newest);
            let Some(oldest) = others.min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id) else { return };
            bytes -= slots.by_id.remove(&oldest).map_or(0, |slot| slot.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn id(number: u128) -> GreetingId {
        GreetingId::from_uuid(uuid::Uuid::from_u128(number))
    }

    async fn get(cache: &Cache, number: u128, loads: &AtomicUsize) -> Arc<Clip> {
        let load = async || {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Clip::from_pcm(&[1; 8_000], 8_000))
        };
        cache.get(id(number), load).await.unwrap()
    }

    #[tokio::test]
    async fn a_greeting_is_loaded_once_for_all_who_want_it() {
        let (cache, loads) = (Cache::new(1 << 20), AtomicUsize::new(0));
        let all = futures_util::future::join_all((0..50).map(|_| get(&cache, 1, &loads))).await;
        assert!(all.iter().all(|clip| Arc::ptr_eq(clip, &all[0])));
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_least_recently_used_one_leaves_first() {
        let (cache, loads) = (Cache::new(3 * 33_000), AtomicUsize::new(0));
        for number in [1, 2, 3, 1, 4] {
            get(&cache, number, &loads).await;
        }
        assert_eq!(loads.load(Ordering::Relaxed), 4);
        get(&cache, 1, &loads).await;
        assert_eq!(loads.load(Ordering::Relaxed), 4, "1 was used after 2");
        get(&cache, 2, &loads).await;
        assert_eq!(loads.load(Ordering::Relaxed), 5, "2 had left");
    }

    #[tokio::test]
    async fn a_failed_load_is_tried_again() {
        let (cache, loads) = (Cache::new(1 << 20), AtomicUsize::new(0));
        assert_eq!(cache.get(id(1), async || Err("away")).await.unwrap_err(), "away");
        assert!(cache.slots.lock().unwrap().by_id.is_empty());
        get(&cache, 1, &loads).await;
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }
}
