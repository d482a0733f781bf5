"""The web service: a page for people, ``/extract`` for programs, and the routes of a Label Studio ML backend."""
