"""Pushes what is new in a conversation to its open page, by server-sent events."""

from fastapi import APIRouter

router = APIRouter()
