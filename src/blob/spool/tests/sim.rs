//! A disk in memory that is full, broken, slow or unplugged when a test says so. Its files have two contents: what the
//! system shows, and what is on the platter.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::super::Spool;
use super::super::disk::{Disk, DiskFile};
use super::clock;

type Content = Arc<Mutex<(Vec<u8>, Vec<u8>)>>;

/// A disk in memory that knows what would survive a power cut.
#[derive(Debug, Clone, Default)]
pub(super) struct Sim(pub(super) Arc<SimDisk>);

#[derive(Debug, Default)]
pub(super) struct SimDisk {
    /// Entries as the system shows them, and as they are on the platter.
    pub(super) names: Mutex<(BTreeMap<String, Content>, BTreeMap<String, Content>)>,
    rules: Mutex<Rules>,
    changed: Condvar,
    pub(super) whole_syncs: AtomicUsize,
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) room: Option<usize>,
    pub(super) at_most: Option<usize>,
    pub(super) sync_fails: bool,
    pub(super) stalled: bool,
}

#[derive(Debug)]
struct SimFile(Content, Sim);

impl Sim {
    pub(super) fn rules(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.0.rules.lock().unwrap());
        self.0.changed.notify_all();
    }

    pub(super) fn spool(&self) -> Spool {
        Spool::on(Box::new(self.clone()), Path::new("sim"), clock()).unwrap()
    }

    /// What a machine finds after the power came back.
    pub(super) fn after_power_cut(&self) -> Self {
        let names = self.0.names.lock().unwrap();
        let left = Self::default();
        for (name, content) in &names.1 {
            let durable = content.lock().unwrap().1.clone();
            let content = Arc::new(Mutex::new((durable.clone(), durable)));
            left.0.names.lock().unwrap().0.insert(name.clone(), Arc::clone(&content));
            left.0.names.lock().unwrap().1.insert(name.clone(), content);
        }
        left
    }

    fn find(&self, name: &str) -> io::Result<Content> {
        let names = self.0.names.lock().unwrap();
        names.0.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn synced(&self) -> io::Result<()> {
        match self.0.rules.lock().unwrap().sync_fails {
            true => Err(io::Error::other("input/output error")),
            false => Ok(()),
        }
    }
}

impl Disk for Sim {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let content = Content::default();
        self.0.names.lock().unwrap().0.insert(name.to_owned(), Arc::clone(&content));
        Ok(Arc::new(SimFile(content, self.clone())))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SimFile(self.find(name)?, self.clone())))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(self.find(name)?.lock().unwrap().0.clone())
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(self.find(name)?.lock().unwrap().0.len() as u64)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.0.names.lock().unwrap().0.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let removed = self.0.names.lock().unwrap().0.remove(name);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn quarantine(&self, name: &str) -> io::Result<()> {
        self.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.synced()?;
        let mut names = self.0.names.lock().unwrap();
        names.1 = names.0.clone();
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.whole_syncs.fetch_add(1, Ordering::Relaxed);
        self.sync_folder()?;
        for content in self.0.names.lock().unwrap().0.values() {
            let mut content = content.lock().unwrap();
            content.1 = content.0.clone();
        }
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut rules = self.1.0.rules.lock().unwrap();
        while rules.stalled {
            rules = self.1.0.changed.wait(rules).unwrap();
        }
        let count =
            bytes.len().min(rules.room.unwrap_or(usize::MAX)).min(rules.at_most.unwrap_or(usize::MAX));
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        rules.room = rules.room.map(|room| room - count);
        self.0.lock().unwrap().0.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().0.truncate(len as usize);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.1.synced()?;
        let mut content = self.0.lock().unwrap();
        content.1 = content.0.clone();
        Ok(())
    }
}
