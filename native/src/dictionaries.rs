//! Holds the packed dictionaries that ship with the program, and gives a tokenizer the one it asks for.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use terakoya_core::tokenizer::dictionary::Dictionary;
use terakoya_core::tokenizer::{Files, Tokenizer};

use crate::args::TokenizerArgs;

/// Packed dictionaries by the name that `mecab_dic` has for them.
const SHIPPED: [(&str, &[u8]); 2] = [
    (
        "unidic_lite",
        include_bytes!("../../assets/dictionaries/unidic_lite.dic.gz"),
    ),
    ("ipadic", include_bytes!("../../assets/dictionaries/ipadic.dic.gz")),
];

/// The dictionary that the tokenizer in `files` needs, with the user's words; `None` where it needs none.
pub fn for_tokenizer(files: &Files, args: &TokenizerArgs) -> Result<Option<Arc<Dictionary>>> {
    let Some(name) = Tokenizer::dictionary_name(files)? else {
        if let Some(path) = &args.user_dictionary {
            bail!(
                "--user-dictionary {}: this tokenizer does not use a dictionary",
                path.display()
            );
        }
        return Ok(None);
    };
    let Some((_, packed)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) else {
        let known = SHIPPED.map(|(shipped, _)| shipped).join(", ");
        bail!("tokenizer_config.json: mecab_dic is {name:?}; there are {known}");
    };
    let dictionary = Dictionary::from_packed(packed).with_context(|| format!("the dictionary {name}"))?;
    let dictionary = match &args.user_dictionary {
        Some(path) => {
            let words = std::fs::read(path).with_context(|| path.display().to_string())?;
            let extended = dictionary.with_user_entries(&words);
            extended.with_context(|| path.display().to_string())?
        }
        None => dictionary,
    };
    Ok(Some(Arc::new(dictionary)))
}
