//! Says what browsers say, the library that reads weights and the one that looks for a GPU.

use super::{Entry, entries};

/// Messages of Chromium, Firefox and Safari, of safetensors and of cubecl.
pub const ENTRIES: &[Entry] = entries! {
    "Uncaught RuntimeError: {trap}":
        "メモリが足りなくなったようです。「{--batch-size}」か「{--max-length}」を小さくするか、教える層を減らしてください。",
        "memory has probably run out: lower “{--batch-size}” or “{--max-length}”, or train fewer layers";
    "RuntimeError: {trap}":
        "メモリが足りなくなったようです。「{--batch-size}」か「{--max-length}」を小さくするか、教える層を減らしてください。",
        "memory has probably run out: lower “{--batch-size}” or “{--max-length}”, or train fewer layers";
    "Failed to fetch": "サーバーにつながりません", "the server cannot be reached";
    "NetworkError when attempting to fetch resource.": "サーバーにつながりません", "the server cannot be reached";
    "Load failed": "サーバーにつながりません", "the server cannot be reached";
    "network error": "通信が途切れました", "the connection broke";
    "incomplete metadata, file not fully covered": "重みの一覧とファイルの長さが合いません";
    "header too large": "始まりの部分が長すぎます";
    "header too small": "短すぎます";
    "invalid header length": "始まりの部分の長さが違います";
    "invalid JSON in header: {error}": "始まりの部分が JSON ではありません";
    "invalid UTF-8 in header: {error}": "始まりの部分が UTF-8 ではありません";
    "{api}: No adapter available for {device}": "使える GPU が見つかりません", "no usable GPU was found";
    "{path}: {reason} (InvalidModificationError)":
        "別のタブが使っています。そのタブを閉じてから、もう一度試してください。",
        "another tab is at work on this; close it and try again";
    "{path}: {reason} (NoModificationAllowedError)":
        "別のタブが使っています。そのタブを閉じてから、もう一度試してください。",
        "another tab is at work on this; close it and try again";
};
