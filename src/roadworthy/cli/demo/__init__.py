"""`roadworthy demo`: a prototype and the same job as a task, measured side by side."""
