"""Joins the works that the model was trained on, with a form feed between two. Run: python assets/gpt2-mini-ja/make.py ../shared/datasets OUT.txt"""

import sys
from pathlib import Path

# Not Niimi Nankichi, whose tales are the lesson that the model is fine-tuned on.
AUTHORS = ("soseki", "akutagawa", "miyazawa", "dazai", "nakajima")


def works(path):
    for work in path.read_text(encoding="utf-8").split("\f"):
        kept = "\n".join(line for line in work.strip().split("\n") if line.strip())
        if kept:
            yield kept


def main():
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    joined = [work for author in AUTHORS for work in works(data / f"aozora/{author}.txt")]
    out.write_text("\f".join(joined) + "\n", encoding="utf-8")
    print(f"{len(joined)} works, {sum(map(len, joined)):,} characters")


if __name__ == "__main__":
    main()
