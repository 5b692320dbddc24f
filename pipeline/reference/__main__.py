"""Write every page of docs/reference."""

from __future__ import annotations

from pipeline.reference.pages import files

if __name__ == "__main__":
    for file, text in files().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
