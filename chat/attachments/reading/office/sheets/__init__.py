"""Excel workbooks: what each sheet shows, as CSV under the sheet's name."""
