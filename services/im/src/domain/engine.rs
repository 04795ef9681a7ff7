//! Compiled templates, kept by id and version, and rendering away from the async threads.
//!
//! A version never changes, so nothing here ever goes stale; the cache is bounded and may be empty at any time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hg_types::TemplateId;
use minijinja::{Value, value::Serde};
use serde_json::Map;
use tokio::sync::Semaphore;

use super::{
    sandbox::{Problem, Program},
    template::Field,
};

/// Compiled pairs that are kept. Each is at most a few times its source, so 256 × 128 KiB × that.
const CAPACITY: usize = 256;

/// The two templates of one version, compiled.
#[derive(Debug)]
pub struct Pair {
    system: Program,
    user: Program,
}

/// The two prompts of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// What the model is told to be.
    pub system: String,
    /// What the model is asked for.
    pub user: String,
}

/// A template can't be used, or not with these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Unusable {
    /// Which of the two.
    pub field: Field,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

impl Pair {
    /// Compiles both.
    ///
    /// # Errors
    /// Everything that is wrong with either.
    pub fn compile(system: &str, user: &str) -> Result<Self, Vec<Unusable>> {
        let name = |field: Field| {
            move |problems: Vec<Problem>| {
                problems.into_iter().map(|problem| Unusable { field, problem }).collect::<Vec<_>>()
            }
        };
        match (Program::compile(system).map_err(name(Field::System)), Program::compile(user).map_err(name(Field::User)))
        {
            (Ok(system), Ok(user)) => Ok(Self { system, user }),
            (system, user) => Err(system.err().into_iter().chain(user.err()).flatten().collect()),
        }
    }

    /// The variables that one of the two reads.
    #[must_use]
    pub fn variables(&self, field: Field) -> &[String] {
        match field {
            Field::System => self.system.variables(),
            Field::User => self.user.variables(),
        }
    }

    /// Makes both prompts. Takes processor time: not for an async thread, however quick it was so far (the values may be others).
    ///
    /// # Errors
    /// When one of them can't be made of these values.
    pub fn render(&self, context: &Map<String, serde_json::Value>) -> Result<Prompts, Unusable> {
        let context = Value::from(Serde(context));
        let system = self.system.render(&context).map_err(|problem| Unusable { field: Field::System, problem })?;
        let user = self.user.render(&context).map_err(|problem| Unusable { field: Field::User, problem })?;
        Ok(Prompts { system: tidy(&system), user: tidy(&user) })
    }
}

/// Blank lines at both ends and runs of them in between say nothing to a model and cost tokens.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines().map(str::trim_end) {
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank <= 1 {
            tidied.push_str(line);
            tidied.push('\n');
        }
    }
    tidied.trim().to_owned()
}

type Key = (TemplateId, i32);

#[derive(Debug, Default)]
struct Cache {
    pairs: HashMap<Key, (Arc<Pair>, u64)>,
    /// Counts look-ups: the smallest number was used longest ago.
    clock: u64,
}

/// Compiles, keeps and renders.
#[derive(Debug)]
pub struct Engine {
    cache: Mutex<Cache>,
    /// Renderings at once: templates of one tenant must not take the whole machine.
    slots: Arc<Semaphore>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine that has compiled nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let slots = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Self { cache: Mutex::default(), slots: Arc::new(Semaphore::new(slots)) }
    }

    /// The compiled version, if it is kept.
    #[must_use]
    pub fn get(&self, id: TemplateId, version: i32) -> Option<Arc<Pair>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let now = cache.clock;
        let (pair, used) = cache.pairs.get_mut(&(id, version))?;
        *used = now;
        Some(Arc::clone(pair))
    }

    /// Keeps a compiled version, in place of the one that was used longest ago where there is no room.
    pub fn put(&self, id: TemplateId, version: i32, pair: Arc<Pair>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.pairs.len() >= CAPACITY
            && let Some(oldest) = cache.pairs.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key)
        {
            cache.pairs.remove(&oldest);
        }
        cache.clock += 1;
        let now = cache.clock;
        cache.pairs.insert((id, version), (pair, now));
    }

    /// Runs work that takes processor time on a thread of its own, so many at once as there are processors.
    ///
    /// Work that has begun goes on when the caller hangs up, and keeps its place until it ends.
    ///
    /// # Errors
    /// When the work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        // The semaphore is never closed; without a permit the work would only be less orderly.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let engine = Engine::new();
        let pair = Arc::new(Pair::compile("", "x").unwrap());
        let id = |n: u128| TemplateId(Uuid::from_u128(n));
        engine.put(id(0), 1, Arc::clone(&pair));
        for n in 1..=u128::try_from(CAPACITY).unwrap() {
            assert!(engine.get(id(0), 1).is_some());
            engine.put(id(n), 1, Arc::clone(&pair));
        }
        assert!(engine.get(id(0), 1).is_some() && engine.get(id(1), 1).is_none());
        assert!(engine.get(id(0), 2).is_none());
    }

    #[tokio::test]
    async fn work_keeps_its_place_when_the_caller_hangs_up() {
        let engine = Arc::new(Engine::new());
        let places = engine.slots.available_permits();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        for _ in 0..places {
            let (began_tx, began) = tokio::sync::oneshot::channel();
            let (engine, ended) = (Arc::clone(&engine), Arc::clone(&ended));
            let caller = tokio::spawn(async move {
                engine
                    .run(move || {
                        began_tx.send(()).unwrap();
                        // Ends when the sender is dropped.
                        let _ = ended.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    })
                    .await
            });
            began.await.unwrap();
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        assert_eq!(engine.slots.available_permits(), 0, "the threads are still busy");
        drop(end);
        assert_eq!(engine.run(|| 7).await.unwrap(), 7);
    }

    #[test]
    fn problems_of_both_are_named() {
        let problems = Pair::compile("{{ 1 * 2 }}", "{% if %}").unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.field).collect::<Vec<_>>(), [Field::System, Field::User]);
    }

    #[test]
    fn blank_lines_are_tidied() {
        assert_eq!(tidy("\n\na  \n\n\n\nb\n"), "a\n\nb");
    }
}
