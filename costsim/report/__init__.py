"""What people see: text, JSON, CSV and HTML, all made from one ``Analysis``."""
