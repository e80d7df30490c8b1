"""The office: who visits, applies, works and delivers (H16, H17). Each part is an app of its own."""
