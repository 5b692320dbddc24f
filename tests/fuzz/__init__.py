"""Random hostile input for everything that reads text of publishers, students and models."""
