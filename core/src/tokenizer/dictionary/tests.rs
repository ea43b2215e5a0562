//! Builds small compiled dictionaries, searches and packs them, and damages them in every way.

use proptest::prelude::*;

use super::packed::{MAGIC, pack as pack_source};
use super::*;

/// (surface, left id, right id, cost)
type Entry = (&'static str, u16, u16, i16);

const WORDS: [Entry; 9] = [
    ("東京", 1, 1, 100),
    ("東京", 1, 1, 90),
    ("東京都", 1, 1, 120),
    ("京都", 1, 1, 80),
    ("東", 1, 1, 300),
    ("都", 2, 2, 150),
    ("に", 2, 2, 10),
    ("😀", 1, 1, 50),
    ("ﾊ", 1, 1, 50),
];
const UNKNOWN: [Entry; 3] = [("DEFAULT", 1, 1, 1000), ("SPACE", 1, 1, 500), ("ALPHA", 1, 1, 700)];
const IDS: u16 = 4;

/// Writes words as MeCab's compiler does: a double array of (base, check), tokens, no features.
fn dic(words: &[Entry]) -> Vec<u8> {
    let mut surfaces: Vec<&str> = words.iter().map(|word| word.0).collect();
    surfaces.sort_unstable();
    surfaces.dedup();
    let mut tokens = Vec::new();
    let mut keys = Vec::new();
    for surface in surfaces {
        let same: Vec<_> = words.iter().filter(|word| word.0 == surface).collect();
        keys.push((surface.as_bytes().to_vec(), ((tokens.len() << 8) | same.len()) as i32));
        tokens.extend(same);
    }
    let mut units = vec![(0i32, 0u32); 1];
    // Each node gets a base far from all others: wasteful, and always free of collisions.
    let mut queue = vec![(Vec::<u8>::new(), 0usize)];
    while let Some((prefix, unit)) = queue.pop() {
        let base = units.len();
        units.resize(base + 257, (0, 0));
        units[unit].0 = base as i32;
        for (key, value) in &keys {
            if *key == prefix {
                units[base] = (-value - 1, base as u32);
            } else if key.starts_with(&prefix) {
                let byte = key[prefix.len()];
                let child = base + usize::from(byte) + 1;
                if units[child].1 == 0 {
                    units[child].1 = base as u32;
                    queue.push(([prefix.as_slice(), &[byte]].concat(), child));
                }
            }
        }
    }
    let mut body = Vec::new();
    for (base, check) in &units {
        body.extend(base.to_le_bytes());
        body.extend(check.to_le_bytes());
    }
    for (_, left, right, cost) in tokens.iter().copied() {
        body.extend([left.to_le_bytes(), right.to_le_bytes(), [0; 2], cost.to_le_bytes()].concat());
        body.extend([0; 8]);
    }
    let size = 72 + body.len() as u32;
    let ids = u32::from(IDS);
    let header = [
        size ^ 0xef71_8f77,
        102,
        0,
        words.len() as u32,
        ids,
        ids,
        units.len() as u32 * 8,
        tokens.len() as u32 * 16,
        0,
        0,
    ];
    let mut file: Vec<u8> = header.iter().flat_map(|number| number.to_le_bytes()).collect();
    file.extend(b"UTF-8");
    file.resize(72, 0);
    file.extend(body);
    file
}

fn char_bin() -> Vec<u8> {
    let mut file = 3u32.to_le_bytes().to_vec();
    for name in ["DEFAULT", "SPACE", "ALPHA"] {
        file.extend(name.as_bytes());
        file.resize(file.len() + 32 - name.len(), 0);
    }
    for unit in 0..0xffffu32 {
        let (category, group): (u32, u32) = match char::from_u32(unit) {
            Some(' ') => (1, 0),
            Some(character) if character.is_ascii_alphabetic() => (2, 1),
            _ => (0, 0),
        };
        let length = 1;
        let entry = 1u32 << category | category << 18 | length << 26 | group << 30;
        file.extend(entry.to_le_bytes());
    }
    file
}

fn matrix_bin() -> Vec<u8> {
    let mut file = [IDS.to_le_bytes(), IDS.to_le_bytes()].concat();
    for left in 0..IDS as i16 {
        for right in 0..IDS as i16 {
            file.extend(
                (if left == 2 && right == 2 {
                    -40
                } else {
                    7 * left - 3 * right
                })
                .to_le_bytes(),
            );
        }
    }
    file
}

fn files() -> Files {
    Files::from([
        ("sys.dic".to_owned(), dic(&WORDS)),
        ("unk.dic".to_owned(), dic(&UNKNOWN)),
        ("char.bin".to_owned(), char_bin()),
        ("matrix.bin".to_owned(), matrix_bin()),
    ])
}

fn words<'a>(dictionary: &Dictionary, text: &'a str) -> Vec<&'a str> {
    dictionary.words(text).into_iter().map(|range| &text[range]).collect()
}

fn source() -> Source {
    Source::from_compiled("small", &files()).expect("the files are sound")
}

#[test]
fn the_cheapest_path_is_found_and_spaces_vanish() {
    let dictionary = Dictionary::from_compiled("small", &files()).expect("the files are sound");
    assert_eq!(
        words(&dictionary, " 東京都に  abcd ﾊ😀 "),
        ["東京都", "に", "abcd", "ﾊ", "😀"]
    );
    assert_eq!(words(&dictionary, "東京\0都"), ["東京"]);
    assert_eq!(words(&dictionary, "   "), [""; 0]);
    let path = dictionary.explain("東京x");
    assert_eq!((path[0].word_cost, path[0].unknown.clone()), (90, None));
    assert_eq!((path[1].word_cost, path[1].unknown.as_deref()), (700, Some("ALPHA")));
    let sums = path[1].total_cost - path[0].total_cost;
    assert_eq!(sums, i64::from(path[1].word_cost + path[1].connection_cost));
    let info = dictionary.info();
    assert_eq!((info.surfaces, info.words, info.ids), (8, 8, (4, 4)));
    assert_eq!(info.categories, ["DEFAULT", "SPACE", "ALPHA"]);
}

#[test]
fn packing_keeps_every_path() {
    let plain = Dictionary::from_compiled("small", &files()).expect("the files are sound");
    let packed = pack("small", &files(), "").expect("small enough");
    let unpacked = Dictionary::from_packed(&packed).expect("just packed");
    assert_eq!(unpacked.name(), "small");
    for text in ["東京都に😀x", "京都東京", " a b ﾊﾊ", ""] {
        assert_eq!(plain.explain(text), unpacked.explain(text));
    }
    // What is read in one pass is the trie that is built from all surfaces at once; the sample changes ids only.
    let sampled = pack("small", &files(), "都に東京").expect("small enough");
    let sampled = Dictionary::from_packed(&sampled).expect("just packed");
    assert_ne!(sampled.left_ids, unpacked.left_ids);
    assert_eq!(sampled.explain("東京都に😀x"), plain.explain("東京都に😀x"));
    let id = |ids: &[Option<u16>], id: u16| ids[usize::from(id)].expect("the id is used");
    let mut surfaces = source().surfaces;
    for word in &mut surfaces.words {
        let source = source();
        let original = |ids: &[Option<u16>], new: u16| ids.iter().position(|id| *id == Some(new)).expect("used") as u16;
        word.left = id(&sampled.left_ids, original(&source.left_ids, word.left));
        word.right = id(&sampled.right_ids, original(&source.right_ids, word.right));
    }
    assert_eq!(sampled.lexicon, Trie::build(&surfaces));
}

#[test]
fn user_words_win_by_cost_and_bad_lines_are_named() {
    let dictionary = || Dictionary::from_compiled("small", &files()).expect("the files are sound");
    let csv = "東京都に,1,1,-500,名詞\r\n\n\"a,\"\"b\",1,1,5\n";
    let with_user = dictionary().with_user_entries(csv.as_bytes()).expect("good lines");
    assert_eq!(words(&with_user, "東京都にa,\"b"), ["東京都に", "a,\"b"]);
    assert_eq!(with_user.info().user_words, 2);
    let hash = |dictionary: &Dictionary| dictionary.user_sha256().map(str::to_owned);
    assert_eq!(hash(&with_user).map(|hash| hash.len()), Some(64));
    assert_ne!(
        hash(&with_user),
        hash(&dictionary().with_user_entries(b"a,1,1,1").expect("a good line"))
    );
    assert_eq!(hash(&dictionary()), None);
    let error = |csv: &[u8]| dictionary().with_user_entries(csv).expect_err("a bad line").to_string();
    assert_eq!(
        error("東,1,1,5\n都,1".as_bytes()),
        "user dictionary, line 2: 2 columns, expected at least surface, left id, right id, cost"
    );
    assert!(error("都,3,1,5".as_bytes()).contains("no word of the dictionary has the left id 3"));
    assert!(error("都,1,9,5".as_bytes()).contains("the right id \"9\" is not a number from 0 to 3"));
    assert!(error("都,1,1,40000".as_bytes()).contains("the cost \"40000\""));
    assert!(error(b",1,1,5").contains("the surface is empty"));
    assert!(error(b"\"x,1,1,5").contains("quote"));
    assert!(error(b"\xff,1,1,5").contains("UTF-8"));
}

#[test]
fn damaged_files_are_told_apart() {
    let error = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = files();
        change(files.get_mut(name).expect("a file of the dictionary"));
        Dictionary::from_compiled("small", &files)
            .expect_err("damaged")
            .to_string()
    };
    assert!(error("sys.dic", &|file| file.truncate(500)).contains("is not a MeCab dictionary of the size"));
    assert!(error("sys.dic", &|file| file[4] = 101).contains("version 101, expected 102"));
    assert!(error("sys.dic", &|file| file[40..45].copy_from_slice(b"EUC-J")).contains("charset \"EUC-J\""));
    assert!(error("sys.dic", &|file| file[..4].reverse()).contains("big-endian"));
    assert!(error("sys.dic", &|file| file[24..28].fill(0xff)).contains("is truncated: the double array needs"));
    assert!(
        error("sys.dic", &|file| {
            let end = file.len();
            file[end - 16] = 200;
        })
        .contains("a left id is 200")
    );
    assert!(error("sys.dic", &|file| file[72..76].fill(0x7f)).contains("a trie node is"));
    assert!(
        error("sys.dic", &|file| {
            let leaf = |unit: &&mut [u8]| unit[3] == 0xff;
            let leaf = file[72..].chunks_exact_mut(8).find(leaf).expect("a unit with a value");
            leaf[..4].copy_from_slice(&(-1i32 - (5000 << 8 | 1)).to_le_bytes());
        })
        .contains("a word's last token is 5001")
    );
    assert!(error("matrix.bin", &|file| file.truncate(9)).contains("matrix.bin is truncated"));
    assert!(error("matrix.bin", &|file| file.push(0)).contains("after the costs"));
    assert!(error("char.bin", &|file| file[0] = 200).contains("character categories is 200"));
    assert!(error("char.bin", &|file| file.truncate(5000)).contains("the character table"));
    let mut files = files();
    files.remove("unk.dic");
    let error = Dictionary::from_compiled("small", &files).expect_err("a file is missing");
    assert_eq!(error.to_string(), "unk.dic is missing from the dictionary");
}

#[test]
fn damaged_packed_files_are_told_apart() {
    let packed = pack_source(&source(), "京都に").expect("small enough");
    let error = |bytes: &[u8]| Dictionary::from_packed(bytes).expect_err("damaged").to_string();
    let changed = |at: usize| {
        let mut bytes = packed.clone();
        bytes[at] ^= 1;
        error(&bytes)
    };
    assert!(changed(0).contains("is not a dictionary packed by terakoya"));
    assert!(changed(8).contains("has version 3, expected 2"));
    assert!(changed(40).contains("checksum"));
    assert!(error(&packed[..packed.len() - 1]).contains("checksum"));
    assert!(error(&packed[..10]).contains("truncated"));
    assert!(error(b"").contains("is not a dictionary"));
    let gzip = pack("small", &files(), "").expect("small enough");
    assert!(error(&gzip[..gzip.len() / 2]).contains("cannot be unpacked"));
}

/// The packed file with its checksum made right again, so that what follows it is really read.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    if let Some(body) = bytes.get(16..) {
        crc.update(body);
        bytes[12..16].copy_from_slice(&crc.sum().to_le_bytes());
    }
    bytes
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_allocated() {
    let packed = pack_source(&source(), "").expect("small enough");
    let error = |at: usize, lie: &[u8]| {
        let mut bytes = packed.clone();
        bytes[at..at + lie.len()].copy_from_slice(lie);
        let error = Dictionary::from_packed(&resealed(bytes)).expect_err("it lies");
        error.to_string()
    };
    // Name, category names, classes and their table; then the numbers of left and right ids, and their lists.
    let classes = source().categories.classes.len();
    let contexts = 16 + (1 + 5) + 1 + (1 + 7) + (1 + 5) + (1 + 5) + 2 + 7 * classes + 65536;
    assert_eq!(packed[contexts..contexts + 4], [3, 0, 3, 0]);
    assert!(error(contexts, &[0xff; 4]).contains("the trees of the connection costs needs 65535 bytes"));
    assert!(error(contexts, &[0, 0]).contains("the least number of context ids"));
    assert!(error(contexts + 4, &[0xff; 4]).contains("the number of ids is 4294967295, the limit is 65536"));
    let unknown = 3 + UNKNOWN.len() * 6;
    let surfaces = contexts + 4 + 2 * (4 + 2 * usize::from(IDS)) + unknown;
    assert_eq!(packed[surfaces..surfaces + 4], [8, 0, 0, 0]);
    for (place, what) in ["surfaces", "code units", "words", "id pairs"].iter().enumerate() {
        let error = error(surfaces + 4 * place, &[0xff; 4]);
        assert!(
            error.contains(&format!("the number of {what} is 4294967295")),
            "{error}"
        );
    }
    assert!(error(surfaces + 16, &[9]).contains("the shared part of a surface is 9"));
    assert!(error(surfaces + 16 + 8, &[200]).contains("the sum of the surfaces' lengths"));
    assert!(error(surfaces + 16 + 16, &[200]).contains("the sum of the surfaces' words"));
    // Within gzip the last four bytes say how much there is to unpack.
    let mut gzip = pack("small", &files(), "").expect("small enough");
    let end = gzip.len();
    gzip[end - 4..].fill(0xff);
    let error = Dictionary::from_packed(&gzip).expect_err("it lies").to_string();
    assert!(error.contains("cannot be unpacked"), "{error}");
}

proptest! {
    #[test]
    fn mutated_packed_files_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        text in "[東京都にﾊ😀 a-c\u{0}]{0,12}",
    ) {
        thread_local!(static PACKED: Vec<u8> = pack_source(&source(), "京都に").expect("small enough"));
        let mut bytes = PACKED.with(Vec::clone);
        for (index, value) in changes {
            // The table of character classes is most of the file; what surrounds it is what can lie.
            let outside = bytes.len() - 65536;
            let at = index.index(outside);
            let at = if at < 90 { at } else { at + 65536 };
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.splice(..bytes.len().min(MAGIC.len()), MAGIC.iter().copied().take(bytes.len()));
        if let Ok(dictionary) = Dictionary::from_packed(&resealed(bytes)) {
            let words = dictionary.words(&text);
            prop_assert!(words.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }

    #[test]
    fn mutated_compiled_files_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        file in prop::sample::select(COMPILED_FILES.to_vec()),
        text in "[東京都にﾊ😀 a-c]{0,12}",
    ) {
        let mut files = files();
        let bytes = files.get_mut(file).expect("a file of the dictionary");
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(dictionary) = Dictionary::from_compiled("small", &files) {
            prop_assert!(dictionary.words(&text).iter().all(|range| text.get(range.clone()).is_some()));
        }
    }

    #[test]
    fn random_bytes_are_never_a_dictionary(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Dictionary::from_packed(&bytes).is_err());
        let names = COMPILED_FILES;
        let files = names.map(|name| (name.to_owned(), bytes.clone()));
        prop_assert!(Dictionary::from_compiled("random", &Files::from(files)).is_err());
    }

    #[test]
    fn any_text_is_cut_into_ascending_words(text in "\\PC*|[東京都にﾊ😀 a-c\u{0}\u{300}\u{ffff}]{0,40}") {
        thread_local!(static SMALL: Dictionary = Dictionary::from_compiled("small", &files()).expect("the files are sound"));
        let words = SMALL.with(|dictionary| dictionary.words(&text));
        let shown = text.split('\0').next().unwrap_or_default();
        prop_assert!(words.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let rejoined: String = words.iter().map(|range| &text[range.clone()]).collect();
        prop_assert_eq!(rejoined, shown.replace(' ', ""));
    }
}
