"""What the examples begin with: a reading with one mistake, and a class of two students in a gradebook."""

import pronounce_kit as pk

text = "I think the weather is very nice."
service = pk.LocalSpeech().load()

# The model voice reads the text, and says "sink" for "think": what a student might have recorded.
phones = service.pronunciation(text)
phones[1][0] = "S"
recording = pk.Recording.from_bytes(service.synthesize_phones(phones))
recording.save("think.wav")
assessment = service.assess(recording, text)

# Ada reads two texts twice, with the mistake at first; Ben reads them once, without.
gradebook = pk.Gradebook("class.db")
gradebook.add_student("Ada", class_name="5b", first_language="German")
gradebook.add_student("Ben", class_name="5b", first_language="Turkish")
texts = {"Week 1": text, "Week 2": "Both thieves went south."}
for day, (student, th) in enumerate([("Ada", "S"), ("Ben", "TH"), ("Ada", "TH")], start=1):
    for task, sentence in texts.items():
        said = [[th if phone == "TH" else phone for phone in word] for word in service.pronunciation(sentence)]
        take = pk.Recording.from_bytes(service.synthesize_phones(said))
        gradebook.record(
            service.assess(take, sentence, params=pk.PronunciationScoreParams(sentence, nbest_phoneme_count=1)),
            student=student,
            class_name="5b",
            task=task,
            recording=take,
            recorded_at=f"2026-09-{day:02d}",
            service="LocalSpeech",
        )

utterances, words, phonemes = gradebook.utterances(), gradebook.words(), gradebook.phonemes()
attempt_id = gradebook.attempts()["attempt_id"][0]
