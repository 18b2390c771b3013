"""What every report is written in: terminal text, CSV, Markdown, JSON, and the formats of other tools."""
