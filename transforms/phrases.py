"""The few words of a lesson that no engine writes: names of its standing parts, by language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Headings of what every lesson has.

    Attributes:
        takeaways: over what to remember.
        quiz: over the question that is asked aloud.
        answer: over its answer.
        sources: before the list of sources.
        voice: before the name of the voice.
    """

    takeaways: str
    quiz: str
    answer: str
    sources: str
    voice: str


def phrases(language: str) -> Phrases:
    """The phrases of a BCP-47 language; the English ones where a language has none here."""
    return _PHRASES.get(language.lower().split("-")[0], _PHRASES["en"])


_PHRASES = {
    "en": Phrases("Key takeaways", "Quick check", "The answer", "Sources", "Voice"),
    "ar": Phrases("أهم النقاط", "سؤال سريع", "الإجابة", "المصادر", "الصوت"),
    "bn": Phrases("মূল কথা", "ছোট প্রশ্ন", "উত্তর", "উৎস", "কণ্ঠ"),
    "de": Phrases("Das Wichtigste", "Kurze Frage", "Die Antwort", "Quellen", "Stimme"),
    "el": Phrases("Τα βασικά", "Γρήγορη ερώτηση", "Η απάντηση", "Πηγές", "Φωνή"),
    "es": Phrases("Ideas clave", "Pregunta rápida", "La respuesta", "Fuentes", "Voz"),
    "fa": Phrases("نکته‌های کلیدی", "پرسش کوتاه", "پاسخ", "منابع", "صدا"),
    "fr": Phrases("À retenir", "Petite question", "La réponse", "Sources", "Voix"),
    "he": Phrases("עיקרי הדברים", "שאלה קצרה", "התשובה", "מקורות", "קול"),
    "hi": Phrases("मुख्य बातें", "छोटा सवाल", "उत्तर", "स्रोत", "आवाज़"),
    "id": Phrases("Poin penting", "Pertanyaan singkat", "Jawabannya", "Sumber", "Suara"),
    "it": Phrases("Punti chiave", "Domanda rapida", "La risposta", "Fonti", "Voce"),
    "ja": Phrases("重要なポイント", "確認クイズ", "答え", "出典", "音声"),
    "ko": Phrases("핵심 정리", "확인 문제", "정답", "출처", "음성"),
    "nl": Phrases("Om te onthouden", "Korte vraag", "Het antwoord", "Bronnen", "Stem"),
    "pl": Phrases("Najważniejsze", "Krótkie pytanie", "Odpowiedź", "Źródła", "Głos"),
    "pt": Phrases("Ideias principais", "Pergunta rápida", "A resposta", "Fontes", "Voz"),
    "ru": Phrases("Главное", "Короткий вопрос", "Ответ", "Источники", "Голос"),
    "sv": Phrases("Det viktigaste", "Snabb fråga", "Svaret", "Källor", "Röst"),
    "th": Phrases("ประเด็นสำคัญ", "คำถามสั้น ๆ", "คำตอบ", "แหล่งที่มา", "เสียง"),
    "tr": Phrases("Önemli noktalar", "Kısa soru", "Yanıt", "Kaynaklar", "Ses"),
    "uk": Phrases("Головне", "Коротке запитання", "Відповідь", "Джерела", "Голос"),
    "ur": Phrases("اہم نکات", "مختصر سوال", "جواب", "ماخذ", "آواز"),
    "vi": Phrases("Điểm chính", "Câu hỏi nhanh", "Đáp án", "Nguồn", "Giọng đọc"),
    "zh": Phrases("要点回顾", "快速问答", "答案", "资料来源", "配音"),
}
