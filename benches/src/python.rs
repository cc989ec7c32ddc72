//! The Python at the other end: `torch_worker.py`, started once, asked in lines.

use crate::contender::{Contender, Pieces};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const WORKER: &str = include_str!("../torch_worker.py");

/// A running worker. It ends when this is dropped.
pub(crate) struct Python {
    child: Child,
    talk: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    pub(crate) versions: BTreeMap<String, String>,
}

impl Python {
    /// Starts the worker with `threads` threads.
    pub(crate) fn start(program: &Path, threads: usize) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["-c", WORKER]).arg(threads.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stdin, stdout) = stdin.zip(stdout).context("the worker's input and output are pipes")?;
        let talk = RefCell::new((stdin, BufReader::new(stdout)));
        let mut python = Python { child, talk, versions: BTreeMap::new() };
        let hint = || format!("does {} have torch and numpy?", program.display());
        python.versions = serde_json::from_value(python.ask(&json!({"do": "versions"})).with_context(hint)?)?;
        Ok(python)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn prepare(&self, op: &str, sizes: &[usize]) -> Result<()> {
        self.ask(&json!({"do": "prepare", "op": op, "sizes": sizes})).map(drop)
    }

    pub(crate) fn time(&self, op: &str, loops: u32) -> Result<f64> {
        let answer = self.ask(&json!({"do": "time", "op": op, "loops": loops}))?;
        answer["seconds"].as_f64().with_context(|| format!("{op}: the worker sent no time, but {answer}"))
    }

    /// The pieces' lengths come as a line, their numbers as bytes after it.
    pub(crate) fn result(&self, op: &str) -> Result<Pieces> {
        let answer = self.ask(&json!({"do": "result", "op": op}))?;
        let lengths: Vec<usize> = serde_json::from_value(answer["lengths"].clone())?;
        lengths.into_iter().map(|length| self.numbers(length)).collect()
    }

    /// A worker that is gone already has forgotten.
    pub(crate) fn forget(&self, op: &str) {
        self.ask(&json!({"do": "forget", "op": op})).ok();
    }

    fn numbers(&self, length: usize) -> Result<Vec<f32>> {
        let mut bytes = vec![0; length * size_of::<f32>()];
        self.talk.borrow_mut().1.read_exact(&mut bytes).context("reading the worker's result")?;
        Ok(bytes.as_chunks().0.iter().map(|&number| f32::from_ne_bytes(number)).collect())
    }

    fn ask(&self, question: &Value) -> Result<Value> {
        let (stdin, stdout) = &mut *self.talk.borrow_mut();
        writeln!(stdin, "{question}").context("asking the Python worker")?;
        stdin.flush()?;
        let mut line = String::new();
        ensure!(stdout.read_line(&mut line)? > 0, "the Python worker ended; its message is above");
        let answer: Value = serde_json::from_str(&line).context("reading the worker's answer")?;
        match answer["error"].as_str() {
            Some(error) => bail!("the Python worker: {error}"),
            None => Ok(answer),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // Nothing is lost with it: it holds no files.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A contender in Python: it takes its own time, so that nothing of the talk with it counts.
pub(crate) struct Remote<'p> {
    name: &'static str,
    op: &'static str,
    python: &'p Python,
}

impl<'p> Remote<'p> {
    /// Has Python prepare `op`, one of `torch_worker.py`'s, for `sizes`.
    pub(crate) fn new(
        python: &'p Python,
        name: &'static str,
        op: &'static str,
        sizes: &[usize],
    ) -> Result<Self> {
        python.prepare(op, sizes)?;
        Ok(Remote { name, op, python })
    }
}

impl Contender for Remote<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn time(&mut self, loops: u32) -> Result<f64> {
        self.python.time(self.op, loops)
    }

    fn result(&mut self) -> Result<Pieces> {
        self.python.result(self.op)
    }
}

impl Drop for Remote<'_> {
    fn drop(&mut self) {
        self.python.forget(self.op);
    }
}
