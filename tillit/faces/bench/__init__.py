"""`tillit bench pages`: what pages cost through the server that serves them, and what a first visit transfers."""
