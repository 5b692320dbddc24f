"""Translated headings of the fixed parts of a lesson."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.text.language import primary_subtag


@dataclass(frozen=True)
class Labels:
    """Headings of a lesson in one language.

    Attributes:
        takeaways: Heading of the key takeaways.
        quiz: Heading of the spoken question.
        answer: Heading of its answer.
        sources: Label of the list of sources.
        voice: Label of the name of the voice.
    """

    takeaways: str
    quiz: str
    answer: str
    sources: str
    voice: str


def labels_for(language: str) -> Labels:
    """Return the labels of a BCP-47 language; the English ones if it has none."""
    return _LABELS.get(primary_subtag(language), _LABELS["en"])


def unchecked_label(language: str) -> str:
    """Return the translated notice that no source was checked; languages as `labels_for`."""
    return _UNCHECKED.get(primary_subtag(language), _UNCHECKED["en"])


_LABELS = {
    "en": Labels("Key takeaways", "Quick check", "The answer", "Sources", "Voice"),
    "ar": Labels("أهم النقاط", "سؤال سريع", "الإجابة", "المصادر", "الصوت"),
    "bn": Labels("মূল কথা", "ছোট প্রশ্ন", "উত্তর", "উৎস", "কণ্ঠ"),
    "de": Labels("Das Wichtigste", "Kurze Frage", "Die Antwort", "Quellen", "Stimme"),
    "el": Labels("Τα βασικά", "Γρήγορη ερώτηση", "Η απάντηση", "Πηγές", "Φωνή"),
    "es": Labels("Ideas clave", "Pregunta rápida", "La respuesta", "Fuentes", "Voz"),
    "fa": Labels("نکته‌های کلیدی", "پرسش کوتاه", "پاسخ", "منابع", "صدا"),
    "fr": Labels("À retenir", "Petite question", "La réponse", "Sources", "Voix"),
    "he": Labels("עיקרי הדברים", "שאלה קצרה", "התשובה", "מקורות", "קול"),
    "hi": Labels("मुख्य बातें", "छोटा सवाल", "उत्तर", "स्रोत", "आवाज़"),
    "id": Labels("Poin penting", "Pertanyaan singkat", "Jawabannya", "Sumber", "Suara"),
    "it": Labels("Punti chiave", "Domanda rapida", "La risposta", "Fonti", "Voce"),
    "ja": Labels("重要なポイント", "確認クイズ", "答え", "出典", "音声"),
    "ko": Labels("핵심 정리", "확인 문제", "정답", "출처", "음성"),
    "nl": Labels("Om te onthouden", "Korte vraag", "Het antwoord", "Bronnen", "Stem"),
    "pl": Labels("Najważniejsze", "Krótkie pytanie", "Odpowiedź", "Źródła", "Głos"),
    "pt": Labels("Ideias principais", "Pergunta rápida", "A resposta", "Fontes", "Voz"),
    "ru": Labels("Главное", "Короткий вопрос", "Ответ", "Источники", "Голос"),
    "sv": Labels("Det viktigaste", "Snabb fråga", "Svaret", "Källor", "Röst"),
    "th": Labels("ประเด็นสำคัญ", "คำถามสั้น ๆ", "คำตอบ", "แหล่งที่มา", "เสียง"),
    "tr": Labels("Önemli noktalar", "Kısa soru", "Yanıt", "Kaynaklar", "Ses"),
    "uk": Labels("Головне", "Коротке запитання", "Відповідь", "Джерела", "Голос"),
    "ur": Labels("اہم نکات", "مختصر سوال", "جواب", "ماخذ", "آواز"),
    "vi": Labels("Điểm chính", "Câu hỏi nhanh", "Đáp án", "Nguồn", "Giọng đọc"),
    "zh": Labels("要点回顾", "快速问答", "答案", "资料来源", "配音"),
}

_UNCHECKED = {
    "en": "No source checked",
    "ar": "لم يُتحقق من أي مصدر",
    "bn": "কোনো উৎস যাচাই করা হয়নি",
    "de": "Keine Quelle geprüft",
    "el": "Δεν ελέγχθηκε καμία πηγή",
    "es": "Ninguna fuente comprobada",
    "fa": "هیچ منبعی بررسی نشده است",
    "fr": "Aucune source vérifiée",
    "he": "לא נבדק אף מקור",
    "hi": "कोई स्रोत जाँचा नहीं गया",
    "id": "Tidak ada sumber yang diperiksa",
    "it": "Nessuna fonte verificata",
    "ja": "出典は確認されていません",
    "ko": "확인된 출처 없음",
    "nl": "Geen bron gecontroleerd",
    "pl": "Nie sprawdzono żadnego źródła",
    "pt": "Nenhuma fonte verificada",
    "ru": "Источники не проверялись",
    "sv": "Ingen källa kontrollerad",
    "th": "ยังไม่ได้ตรวจสอบแหล่งที่มา",
    "tr": "Hiçbir kaynak denetlenmedi",
    "uk": "Джерела не перевірено",
    "ur": "کسی ماخذ کی جانچ نہیں ہوئی",
    "vi": "Chưa kiểm tra nguồn nào",
    "zh": "未核对任何来源",
}
