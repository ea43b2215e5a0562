//! `terakoya generate`: continues a prompt, on stdout as it comes; with `--compare` beside what a second model makes of it.

use std::future::ready;
use std::io::{Write, stdout};
use std::path::Path;

use anyhow::Result;
use futures_lite::future::block_on;
use serde_json::{Value, json};
use terakoya_core::generate::{Generation, GenerationConfig, GenerationHost, StoppedBy, side_by_side};
use terakoya_core::session::Session;
use terakoya_core::train::{Control, HostFuture};

use crate::args::GenerateArgs;
use crate::commands::{SharedDevice, open_session};

/// Runs the command.
pub fn run(args: GenerateArgs) -> Result<()> {
    let config = args.config();
    config.validate()?;
    args.check()?;
    let device = SharedDevice::new(args.device.device);
    let Some(base) = &args.compare else {
        let session = open_session(&args.model, &args.tokenizer, &device)?;
        let generation = continue_prompt(&session, &args, &config, !args.json)?;
        say_context(&args.model, &session, &generation);
        return print(&args, || line(&args.model, &args.prompt, &generation));
    };
    let of = |model: &Path| {
        let session = open_session(model, &args.tokenizer, &device)?;
        let generation = continue_prompt(&session, &args, &config, false)?;
        say_context(model, &session, &generation);
        anyhow::Ok(generation)
    };
    let (by_base, by_model) = (of(base)?, of(&args.model)?);
    if !args.json {
        let title = |model: &Path| model.display().to_string();
        let text = |generation: &Generation| format!("{}{}", args.prompt, generation.text);
        let (left, right) = (title(base), title(&args.model));
        let (left, right) = ((left.as_str(), text(&by_base)), (right.as_str(), text(&by_model)));
        let table = side_by_side((left.0, &left.1), (right.0, &right.1), column_width());
        write!(stdout().lock(), "{table}")?;
    }
    print(&args, || {
        let base = line(base, &args.prompt, &by_base);
        json!({ "prompt": args.prompt, "base": base, "model": line(&args.model, &args.prompt, &by_model) })
    })
}

/// Says that a text ends because the model reads no more, not because it was done.
fn say_context(model: &Path, session: &Session, generation: &Generation) {
    if generation.stopped_by == StoppedBy::Context {
        let (model, longest) = (model.display(), session.longest());
        eprintln!(
            "{model}: the text ends here since the model reads at most {longest} tokens, those of the prompt among them"
        );
    }
}

/// Half of the terminal, as the shell says it, without what stands between the columns.
fn column_width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    (columns.unwrap_or(80usize).saturating_sub(3) / 2).max(20)
}

fn print(args: &GenerateArgs, object: impl FnOnce() -> Value) -> Result<()> {
    if args.json {
        writeln!(stdout().lock(), "{}", object())?;
    }
    Ok(())
}

fn line(model: &Path, prompt: &str, generation: &Generation) -> Value {
    json!({
        "model": model.display().to_string(),
        "prompt": prompt,
        "text": generation.text,
        "tokens": generation.tokens,
        "stopped_by": generation.stopped_by,
    })
}

/// The continuation by a model; `streams` writes prompt and text to stdout as they come.
fn continue_prompt(
    session: &Session,
    args: &GenerateArgs,
    config: &GenerationConfig,
    streams: bool,
) -> Result<Generation> {
    let mut terminal = Terminal {
        prompt: Some(&args.prompt),
        streams,
        failed: None,
    };
    let generation = block_on(session.generate(&args.prompt, config, &mut terminal))?;
    terminal.text("\n");
    match terminal.failed {
        Some(error) => Err(error.into()),
        None => Ok(generation),
    }
}

/// Writes the text as it comes, where it is asked to; the prompt with its first piece, when the model is known to go on.
struct Terminal<'a> {
    prompt: Option<&'a str>,
    streams: bool,
    failed: Option<std::io::Error>,
}

impl GenerationHost for Terminal<'_> {
    fn text(&mut self, piece: &str) {
        if !self.streams || self.failed.is_some() {
            return;
        }
        let mut out = stdout().lock();
        let prompt = self.prompt.take().unwrap_or_default();
        let written = write!(out, "{prompt}{piece}").and_then(|()| out.flush());
        self.failed = written.err();
    }

    fn control(&mut self) -> HostFuture<'_, Control> {
        let control = match self.failed {
            Some(_) => Control::Stop,
            None => Control::Continue,
        };
        Box::pin(ready(control))
    }
}
