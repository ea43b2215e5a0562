//! `terakoya corpus`: turns course corpora as they are distributed into files that `train` reads.
//!
//! The core reads the corpora; `source` finds their files in folders, `output` writes the parts and says what is in them, `record`
//! knows them again.

mod output;
mod record;
mod source;

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};
use terakoya_core::data::corpora::knbc::{Converted, Corpus, Spacing};
use terakoya_core::data::corpora::tables::{self, AnswerKind, JglueTask};
use terakoya_core::data::corpora::{CorpusError, SourceFile, TextRow, cut, gather, named_entities, tag_list};

use crate::args::corpus::{
    CorpusArgs, CorpusCommand, KnbcArgs, KnbcTask, NerWikipediaArgs, OutputArgs, SplitArgs, TableArgs,
};
use output::DataSet;

/// Runs the command.
pub fn run(args: CorpusArgs) -> Result<()> {
    let (source, output, sets) = match &args.command {
        CorpusCommand::Knbc(args) => (&args.source, &args.output, vec![knbc(args)?]),
        CorpusCommand::NerWikipedia(args) => (&args.source, &args.output, vec![ner_wikipedia(args)?]),
        CorpusCommand::Jrte(args) => (&args.source, &args.output, jrte(&args.source)?),
        CorpusCommand::Jglue(args) => (&args.source, &args.output, jglue(&args.source)?),
        CorpusCommand::Emotion(args) => (&args.source, &args.output, vec![emotion(args)?]),
        CorpusCommand::Goemotions(args) => (&args.source, &args.output, vec![goemotions(args)?]),
    };
    // Of the others only files of the folder itself are read.
    let reads_folders = matches!(args.command, CorpusCommand::Knbc(_) | CorpusCommand::Jglue(_));
    check_folders(source, output, reads_folders)?;
    output::write(sets, output)
}

/// What was read from the file or folder `name`, which an error says once: where it names no file itself.
fn in_file<T>(read: Result<T, CorpusError>, name: &str) -> Result<T> {
    read.map_err(|error| match error.names_file() {
        true => anyhow::Error::new(error),
        false => anyhow::Error::new(error).context(name.to_owned()),
    })
}

/// Refuses to write among the files that were read: into their folder, or below it where its folders are read, too.
fn check_folders(source: &Path, output: &OutputArgs, reads_folders: bool) -> Result<()> {
    let read = match source.is_dir() {
        true => source::folders(source)?,
        // A link stands in one folder, its file in another.
        false => [source.to_path_buf(), real_path(source)]
            .iter()
            .filter_map(|file| file.parent().map(Path::to_path_buf))
            .collect(),
    };
    let read: Vec<PathBuf> = read.iter().map(|folder| real_path(folder)).collect();
    let folder = real_path(&output.folder);
    let shown = output.folder.display();
    if read.contains(&folder) {
        bail!("{shown} holds the corpus itself: choose another folder");
    }
    if reads_folders && source.is_dir() && read.iter().any(|read| folder.starts_with(read)) {
        bail!(
            "{shown} is inside {}, the corpus itself: choose another folder",
            source.display()
        );
    }
    Ok(())
}

/// The path from the root on without links and `..`; its end may be of folders that are not there yet.
fn real_path(path: &Path) -> PathBuf {
    let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
    let mut real = current.unwrap_or_default();
    for component in path.components() {
        if component == Component::ParentDir {
            real.pop();
            continue;
        }
        real.push(component);
        if let Ok(found) = real.canonicalize() {
            real = found;
        }
    }
    real
}

fn knbc(args: &KnbcArgs) -> Result<DataSet> {
    let whole = args.source.display().to_string();
    let corpus = in_file(Corpus::read(&source::knbc_sentences(&args.source)?), &whole)?;
    let spacing = if args.pre_split {
        Spacing::PreSplit
    } else {
        Spacing::AsWritten
    };
    match args.task {
        KnbcTask::Sentiment => {
            let opinions = source::knbc_opinions(&args.source)?;
            split_texts(
                in_file(corpus.sentiment(&opinions, spacing), &whole)?,
                &args.split,
                &whole,
            )
        }
        KnbcTask::Topic => split_texts(in_file(corpus.topics(spacing), &whole)?, &args.split, &whole),
        KnbcTask::Ner => {
            let Converted { rows, notices } = in_file(corpus.entities(), &whole)?;
            let tags = tag_list(rows.iter().map(|(_, sentence)| sentence));
            let mut set = DataSet::new(notices);
            for part in in_file(cut(rows, &args.split.plan()), &whole)? {
                set.add(&part, "conll", "sentences", output::conll)?;
            }
            set.add_labels(&tags);
            Ok(set)
        }
    }
}

fn split_texts(converted: Converted<TextRow>, split: &SplitArgs, whole: &str) -> Result<DataSet> {
    let mut set = DataSet::new(converted.notices);
    for part in in_file(cut(converted.rows, &split.plan()), whole)? {
        set.add(&part, "csv", "rows", output::csv)?;
    }
    Ok(set)
}

fn ner_wikipedia(args: &NerWikipediaArgs) -> Result<DataSet> {
    let file = source::single(&args.source, "ner.json")?;
    let rows = in_file(named_entities::read(&file), &file.name)?;
    let mut set = DataSet::new(Vec::new());
    for part in in_file(cut(rows, &args.split.plan()), &file.name)? {
        set.add(&part, "json", "texts", output::json_array)?;
    }
    Ok(set)
}

fn jrte(path: &Path) -> Result<Vec<DataSet>> {
    let mut sets = Vec::new();
    for (name, file) in source::jrte_tables(path)? {
        let mut set = DataSet::new(Vec::new());
        for part in gather(in_file(tables::jrte(&file), &file.name)?) {
            set.add(&part, "csv", "rows", output::csv)?;
        }
        sets.push(set.named(name));
    }
    Ok(sets)
}

fn emotion(args: &TableArgs) -> Result<DataSet> {
    let extensions = ["txt", "csv", "tsv", "json", "jsonl"];
    let files = source::parts(&args.source, &extensions)?;
    tables_of(files, |file| tables::named_columns(file, AnswerKind::Emotion))
}

fn goemotions(args: &TableArgs) -> Result<DataSet> {
    let files = source::parts(&args.source, &["tsv"])?;
    let list = source::beside(&args.source, "labels.txt")?;
    let names = in_file(tables::label_names(&list), &list.name)?;
    let mut set = tables_of(files, |file| tables::goemotions(file, &names))?;
    set.add_labels(&names);
    Ok(set)
}

/// A csv file for each part, read by `read`.
fn tables_of(files: source::Parts, read: impl Fn(&SourceFile) -> Result<Vec<TextRow>, CorpusError>) -> Result<DataSet> {
    let mut set = DataSet::new(Vec::new());
    for (name, file) in files {
        let rows = in_file(read(&file), &file.name)?;
        for part in gather(rows.into_iter().map(|row| (name, row)).collect()) {
            set.add(&part, "csv", "rows", output::csv)?;
        }
    }
    Ok(set)
}

fn jglue(path: &Path) -> Result<Vec<DataSet>> {
    let mut sets = Vec::new();
    for (name, files) in source::jglue_tasks(path)? {
        let Some((_, first)) = files.first() else { continue };
        let task = in_file(tables::jglue_task(first), &first.name)?;
        let set = match task {
            JglueTask::Choices => {
                eprintln!("{name}: multiple choice is left out: there is no task that reads it");
                continue;
            }
            JglueTask::Questions => questions(files)?,
            JglueTask::Rows(answers) => tables_of(files, |file| tables::named_columns(file, answers))?,
        };
        sets.push(set.named(name));
    }
    if sets.is_empty() {
        bail!("{}: there is nothing in it that can be trained on", path.display());
    }
    Ok(sets)
}

/// JSQuAD's files under the names of their parts; they are trained on as they are.
fn questions(files: source::Parts) -> Result<DataSet> {
    let mut set = DataSet::new(Vec::new());
    for (part, file) in files {
        let count = in_file(tables::count_questions(&file), &file.name)?;
        set.add_copy(part, "json", count, "questions", file.bytes);
    }
    Ok(set)
}
