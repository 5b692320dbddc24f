"""Mutation tests: does a test fail when a promise is broken?"""
